"""Raindance's tables, as `reference/domain.md` has them, with the invoices that were recorded of a copy of them.

What a status of the copy is in codes follows from the copy's own rule, not from our recipe: payments stand there with a
minus, a day that isn't said is 1799-12-31, and what is at collection costs more there.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.stand_ins.recorded import samples

TABLES: Mapping[str, Mapping[str, str]] = {
    "RK_FAKTA_KUNDFAKT": {
        "NR": "numeric(15)", "KUNDID": "varchar(16)", "KUNDRTYP": "varchar(2)", "BELOPP_SEK": "numeric(15,2)",
        "BETALT_SEK": "numeric(15,2)", "MOMS_VAL": "numeric(15,2)", "FAKTURADATUM": "timestamp",
        "FORFALLODATUM": "timestamp", "BETPAMDATUM": "timestamp", "UTSKRDATUM": "timestamp", "OCRNR": "varchar(40)",
        "VREF": "varchar(40)", "TAB_BEHÄND": "varchar(4)", "FAKTSTATUS": "varchar(4)", "FAKTSTATUS2": "varchar(4)",
        "KRAVNIVA": "numeric(1)",
    },
    "RK_DIM_KUND": {
        "KUNDID": "varchar(16)", "KUNDID_TEXT": "varchar(40)", "ORGNR": "varchar(40)", "NAMN2": "varchar(40)",
        "ADR2": "varchar(40)", "ORT": "varchar(40)",
    },
    "RKZBEARB21": {
        "RPNR": "bigint", "BLOPNR": "int", "BEABEL1": "numeric(15,2)", "BEADAT": "timestamp", "BEATYP": "varchar(6)",
    },
    "RKZBEARB11": {
        "BLOPNR": "int", "BEASUM1": "numeric(15,2)", "SBNR": "bigint", "BEARPNR": "bigint", "BEADAT": "timestamp",
        "BEATYP": "varchar(6)",
    },
}  # fmt: skip
NO_DAY = "1799-12-31 00:00:00"
FEES = 240
"""What collection costs, on top of the invoice."""
CODES: Mapping[str, tuple[str, str, int]] = {
    "PAID": ("JUST", "KLAR", 0),
    "PARTIALLY_PAID": ("DELB", "DEF", 0),
    "PAID_TOO_MUCH": ("ÖVER", "DEF", 0),
    "UNPAID": ("", "DEF", 0),
    "REMINDER": ("", "DEF", 2),
    "DEBT_COLLECTION": ("", "DEF", 0),
    "VOID": ("", "MAK", 0),
}
"""TAB_BEHÄND, FAKTSTATUS, KRAVNIVA."""


def recorded() -> Iterator[tuple[Mapping[str, Any], str]]:
    """Each invoice as the copy told it, and the number of whose it is."""
    for file in sorted((samples("invoices") / "cache" / "recorded" / "InvoiceCache").glob("*/expected.json")):
        people = dict(_people(file.parent / "mappings"))
        for invoice in json.loads(file.read_bytes())["invoices"]:
            yield invoice, people[invoice["partyId"]]


def _people(folder: Any) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.glob("party-*.json")):
        mapping = json.loads(file.read_bytes())
        if number := mapping["response"].get("body"):
            yield mapping["request"]["url"].split("/")[-2], number


def invoice(**columns: Any) -> Mapping[str, Any]:
    """A row of the fact, unpaid unless it says otherwise."""
    plain = {
        "NR": 0, "KUNDID": "1", "KUNDRTYP": "BO", "BELOPP_SEK": 100, "BETALT_SEK": 0, "MOMS_VAL": 0,
        "FAKTURADATUM": "2026-10-01 00:00:00", "FORFALLODATUM": "2026-10-31 00:00:00", "BETPAMDATUM": NO_DAY,
        "UTSKRDATUM": NO_DAY, "OCRNR": "", "VREF": "", "TAB_BEHÄND": "", "FAKTSTATUS": "DEF", "FAKTSTATUS2": "U",
        "KRAVNIVA": 0,
    }  # fmt: skip
    return plain | columns


def rows() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Of each table: what was recorded, and one for each part of the rule that wasn't."""
    facts, people, there, costs = {}, {}, [], []
    for said, number in recorded():
        name = re.search(r"_to_(\d+)\.", said.get("invoiceFileName", ""))
        customer = name[1] if name else f"9{number[-9:]}"
        people[customer] = customer_row(customer, number[-10:], said["customerName"])
        handled, status, level = CODES[said["invoiceStatus"]]
        is_collected = said["invoiceStatus"] == "DEBT_COLLECTION"
        sign = -1 if said["invoiceType"] == "CREDIT_INVOICE" else 1
        nr = int(said["invoiceNumber"])
        facts[nr] = invoice(
            NR=nr, KUNDID=customer, KUNDRTYP=said["customerType"], OCRNR=said["ocrNumber"], KRAVNIVA=level,
            BELOPP_SEK=sign * said["totalAmount"] - (FEES if is_collected else 0),
            BETALT_SEK=-sign * said["paidAmount"],
            MOMS_VAL=said["vat"], VREF=said["invoiceDescription"], FAKTSTATUS=status, TAB_BEHÄND=handled,
            BETPAMDATUM="2026-11-10 00:00:00" if "invoiceReminderDate" in said else NO_DAY,
        )  # fmt: skip
        if is_collected:
            day = "2026-11-20 00:00:00"
            there.append({"RPNR": int(f"15{nr:010}"), "BLOPNR": 165, "BEABEL1": 1, "BEADAT": day, "BEATYP": "BP2"})
            costs.append(
                {"BLOPNR": 156, "BEASUM1": FEES, "SBNR": 1, "BEARPNR": int(f"15{nr}"), "BEADAT": day, "BEATYP": "BP2"}
            )
    others = [
        invoice(NR=1, FAKTSTATUS="HBET", BETALT_SEK=-100),
        invoice(NR=2, FAKTSTATUS="HBET", TAB_BEHÄND="AVSK"),
        invoice(NR=3, FAKTSTATUS="MAK"),
        invoice(NR=4, FAKTSTATUS="PREL"),
        invoice(NR=5, FAKTSTATUS="NY"),
        invoice(NR=6, KUNDID="2"),
        invoice(NR=7, FAKTSTATUS="KLAR", BETALT_SEK=-30, TAB_BEHÄND="DELB"),
    ]
    more = [customer_row("1", "8505051234", "Prov Person"), customer_row("2", "8606061234", "Adresskyddad")]
    return {
        "RK_FAKTA_KUNDFAKT": [*facts.values(), *others],
        "RK_DIM_KUND": [*people.values(), *more, more[0]],  # one stands there twice, as in the copy
        "RKZBEARB21": there,
        "RKZBEARB11": costs,
    }


def customer_row(customer: str, number: str, name: str) -> Mapping[str, Any]:
    return {
        "KUNDID": customer,
        "KUNDID_TEXT": name,
        "ORGNR": number,
        "NAMN2": "",
        "ADR2": "Provgatan 1",
        "ORT": "876 23 X",
    }


def statements() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What makes it, with `:name` for each value."""
    for table, columns in TABLES.items():
        yield f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})", {}
    for table, whole in rows().items():
        names = ", ".join(TABLES[table])
        values = ", ".join(f":v{place}" for place in range(len(TABLES[table])))
        for row in whole:
            given = {f"v{place}": row.get(name) for place, name in enumerate(TABLES[table])}
            yield f"INSERT INTO {table} ({names}) VALUES ({values})", given  # noqa: S608 - names of ours
