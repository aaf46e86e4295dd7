"""Forms of the demo: one in Granvik, in Swedish and English, one in Nesøy, in three languages and three steps."""

from hub.channels import forms as channels
from hub.inbox import form
from hub.inbox.form_definition import Definition, Field, Option, When
from hub.inbox.municipality import by_code
from hub.inbox.queue import of_municipality
from hub.plugin_host.registry import Registry
from hub.storage.base import Words
from hub.storage.unit import Unit


def publish(unit: Unit, registry: Registry) -> None:
    """Both, once."""
    for code, name, definition in (("granvik", "felanmalan", GRANVIK), ("nesoy", "broyting", NESOY)):
        home = by_code(unit, code)
        if form.by_name(unit, home.id, name) is None:
            row = form.add(unit, home, name, of_municipality(unit, home)[0], definition)
            row.receipt = True
            form.publish(unit, row, None)
            channels.require(unit, registry, home)


def _se(sv: str, en: str) -> Words:
    return {"sv": sv, "en": en}


def _no(nb: str, nn: str, en: str) -> Words:
    return {"nb": nb, "nn": nn, "en": en}


GRANVIK = Definition(
    languages=("sv", "en"),
    title=_se("Felanmälan", "Report a fault"),
    lead=_se(
        "Gatlampor, hål i vägen, nedskräpning. Du får svar inom två arbetsdagar. Ring 112 om det är fara för liv.",
        "Street lamps, holes in the road, litter. You get an answer within two working days. Call 112 in an emergency.",
    ),
    thanks=_se("Vi tittar på felet så snart vi kan.", "We look at it as soon as we can."),
    fields=(
        Field(
            key="vad",
            kind="choice",
            label=_se("Vad gäller det?", "What is it about?"),
            required=True,
            options=(
                Option("lampa", _se("Gatlampa", "Street lamp")),
                Option("vag", _se("Väg eller gångbana", "Road or pavement")),
                Option("skrap", _se("Nedskräpning", "Litter")),
                Option("annat", _se("Något annat", "Something else")),
            ),
        ),
        Field(
            key="stolpe",
            kind="text",
            label=_se("Stolpens nummer", "Number on the post"),
            help=_se("Står på en skylt i ögonhöjd", "On a sign at eye level"),
            when=When("vad", ("lampa",)),
        ),
        Field(key="var", kind="address", label=_se("Var är det?", "Where is it?"), required=True),
        Field(
            key="beskrivning",
            kind="long_text",
            label=_se("Beskriv felet", "Describe it"),
            help=_se(
                "Skriv inte personnummer eller uppgifter om hälsa.",
                "Write no identity number and nothing about health.",
            ),
            required=True,
        ),
        Field(key="bilder", kind="file", label=_se("Bilder", "Pictures"), most=5),
        Field(key="namn", kind="name", label=_se("Namn", "Name")),
        Field(
            key="epost",
            kind="email",
            label=_se("E-post", "E-mail"),
            help=_se("Dit skickar vi svaret", "The answer goes there"),
        ),
        Field(key="telefon", kind="phone", label=_se("Telefon", "Phone")),
    ),
)

NESOY = Definition(
    languages=("nb", "nn", "en"),
    title=_no("Meld fra om brøyting", "Meld frå om brøyting", "Report about snow clearing"),
    lead=_no(
        "Du får svar innen én arbeidsdag. Gjelder det fare for liv, ring 113.",
        "Du får svar innan éin arbeidsdag. Gjeld det fare for liv, ring 113.",
        "You get an answer within one working day. In an emergency call 113.",
    ),
    fields=(
        Field(key="del1", kind="section", label=_no("Hvor", "Kvar", "Where")),
        Field(key="vei", kind="address", label=_no("Vei og sted", "Veg og stad", "Road and place"), required=True),
        Field(key="eiendom", kind="property", label=_no("Gnr./bnr.", "Gnr./bnr.", "Property")),
        Field(key="del2", kind="section", label=_no("Hva har skjedd", "Kva har skjedd", "What has happened")),
        Field(
            key="hva",
            kind="choice",
            label=_no("Hva gjelder det?", "Kva gjeld det?", "What is it about?"),
            required=True,
            options=(
                Option("ikke", _no("Veien er ikke brøytet", "Vegen er ikkje brøytt", "The road isn't cleared")),
                Option("glatt", _no("Det er glatt", "Det er glatt", "It is slippery")),
                Option("innkjorsel", _no("Snø foran innkjørsel", "Snø framfor innkøyrsle", "Snow before a driveway")),
                Option("skade", _no("Skade etter brøyting", "Skade etter brøyting", "Damage by clearing")),
            ),
        ),
        Field(
            key="skade",
            kind="text",
            label=_no("Hva er skadet?", "Kva er skadd?", "What is damaged?"),
            required=True,
            when=When("hva", ("skade",)),
        ),
        Field(key="dato", kind="date", label=_no("Dato", "Dato", "Date")),
        Field(
            key="sted",
            kind="long_text",
            label=_no("Beskriv stedet", "Skildr staden", "Describe the place"),
            help=_no(
                "Ikke skriv fødselsnummer eller helseopplysninger.",
                "Ikkje skriv fødselsnummer eller helseopplysningar.",
                "Write no identity number and nothing about health.",
            ),
            required=True,
        ),
        Field(key="bilder", kind="file", label=_no("Bilder", "Bilete", "Pictures"), most=5),
        Field(key="del3", kind="section", label=_no("Kontakt", "Kontakt", "Contact")),
        Field(key="navn", kind="name", label=_no("Navn", "Namn", "Name")),
        Field(key="epost", kind="email", label=_no("E-post", "E-post", "E-mail")),
    ),
)
