"""Stored, of lookups: titles of their sources' settings, and what is wrong with a definition, as plugins say it."""

from inbox_ui.words import N_

OF_LOOKUPS = (
    # settings of sources
    N_("Address"),
    N_("Address, with user and password: postgresql://user:password@host/database"),
    N_("Without encryption"),
    N_("File: a whole path to a .csv, .tsv, .txt or .xlsx"),
    N_("Sheet of the workbook; empty: the first"),
    N_("Between columns; empty: it shows"),
    N_("Of its letters; empty: it shows"),
    N_("Line with the columns' names"),
    N_("While it is broken, the last whole one answers"),
    N_("From when on it is too old to answer by; 0: never"),
    N_("What it answers in"),
    N_("Statuses that say: nothing is known"),
    N_("User name (basic)"),
    N_("Password (basic)"),
    N_("API key"),
    N_("Header of the API key"),
    N_("What stands before the API key in its header"),
    N_("The API key's name in the query, where no header will do"),
    N_("Client id (OAuth2)"),
    N_("Client secret (OAuth2)"),
    N_("Address of tokens (OAuth2)"),
    N_("Scope (OAuth2)"),
    N_("Authorities of its certificate (PEM), instead of the machine's"),
    N_("Our certificate (PEM)"),
    N_("Our certificate's key (PEM)"),
    # what is wrong with them
    N_("{field}: departments may not read from there, but from {places}. IT says where they may, in lookup_places."),
    N_("{field}: departments may not read from anywhere yet. IT says where they may, in lookup_places."),
    N_("url is missing: IT has the address of the database."),
    N_(
        "view is the name of one view or table: what stands in several is put together by a view in the database, or "
        "by a SELECT of your own."
    ),
    N_(
        "url isn't a database's address: write it as postgresql://user:password@host/database, "
        "mariadb://user:password@host/database or sqlite:////srv/economy.db."
    ),
    N_("Write where the file is from the root on: sqlite:////srv/economy.db."),
    N_("{setting}: There is no column of that name."),
    N_("There is no table or view of that name, or it isn't to be seen by this user."),
    N_("There is no column of that name."),
    N_("There is no function of that name."),
    N_("The user may not read what the SELECT names: GRANT SELECT on it."),
    N_("There is no database of this name."),
    N_("A question to a database begins with SELECT, or with WITH before it."),
    N_("{setting}: there is no column {column}; there are: {names}."),
    N_("{field} is missing: the card isn't without it."),
    N_("about.{by} is missing: what says that the answer is about that {name}?"),
    N_("{name}: what stands at {where} is {what}."),
    # what stands there
    N_("no single text"),
    N_("no texts"),
    N_("no day (date_format says how they write it)"),
    N_("no day, week or month"),
    N_("no time"),
    N_("no number (is decimal set as they write it?)"),
    N_("no whole number"),
    N_("neither yes nor no"),
    N_("no word that values lists for it"),
    N_("no currency like SEK"),
    N_("A row says nothing of {name}: the card isn't without it."),
    N_("about is missing: name their column that says whose it is, e.g. about.customer."),
    N_("by.{by}: view and column are names; for others write a select."),
    N_("by.{by}: it asks the same whatever is asked by. There are: {names}."),
    N_("about.{by} is missing: it can be asked by that."),
    N_("{setting} = {path} can't be used: write a column, or a path like Invoice.DueDate or Payments[].Amount."),
    N_("lines: {number} are labelled {label}: give each a label of its own."),
    N_("link can't be used: write https://host/path, their column in braces after the host."),
    N_("date_format can't be used: write it like dd/mm/yyyy or yymmdd."),
    N_("{setting}: There is no table or view of that name, or it isn't to be seen by this user."),
    N_("{setting}: Two columns are called {name}: name one by AS."),
    N_("{setting}: {engine} doesn't understand the SELECT."),
)
