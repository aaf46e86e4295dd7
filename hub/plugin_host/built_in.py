"""Table of contents: the plugins that come with Torg. Names, not imports: the hub knows no plugin."""

BUILT_INS = (
    "connectors.mail",
    "connectors.smtp_in",
    "connectors.smtp",
    "connectors.eml_folder",
    "plugins.routing.by_recipient",
)
