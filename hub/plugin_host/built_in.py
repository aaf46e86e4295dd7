"""Table of contents: the plugins that come with Torg. Names, not imports: the hub knows no plugin."""

BUILT_INS = (
    "connectors.mail",
    "connectors.imap",
    "connectors.smtp_in",
    "connectors.smtp",
    "connectors.eml_folder",
    "connectors.graph_mail",
    "connectors.elks",
    "connectors.web_chat",
    "connectors.asterisk_ami",
    "connectors.phone_webhook",
    "connectors.web_form",
    "connectors.phone_log",
    "plugins.routing.by_recipient",
    "plugins.lookups.byggr",
    "plugins.lookups.edp_future",
    "plugins.lookups.invoices",
    "plugins.lookups.rest",
    "plugins.lookups.sql",
    "plugins.lookups.table",
)
