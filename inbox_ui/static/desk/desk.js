/* The desk's scripts. Everything can be done without them but by hand: they press what is on the page. */
import "./page.js";
import "./dialogs.js";
import "./keys.js";
import "./list.js";
import "./pick.js";
import "./composer.js";
import "./drafts.js";
import "./lookups.js";
import "./contact.js";
import "./phone.js";
import "./live.js";
import "./chats.js";
