"""Statement: the one SELECT that a database may be asked, looked through word by word before anything is sent.

The read-only transaction is the wall; this stands before it, for what no transaction holds back: a function that speaks
to another server, sends a notice or holds a lock, a second statement, a word that writes a file. What isn't known to
read is refused: whoever needs more makes a view of it at the source.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Literal, TypeAlias

from msgspec import Struct

from hub.contract import Misconfigured
from hub.plugin_host.request import Forbidden

Style: TypeAlias = Literal["pyformat", "named", "qmark"]
MOST_LETTERS = 20_000

_TOKENS = r"""
    (?P<comment>--|/\*|\*/)
  | (?P<text>'[^'\\]*')
  | (?P<name>{names})
  | (?P<cast>::)
  | (?P<value>:[A-Za-z_]\w*)
  | (?P<word>[^\W\d][\w$]*)
  | (?P<number>\d+(?:\.\d*)?(?:[eE][-+]?\d+)?(?!\w))
  | (?P<space>[ \t\r\n]+)
  | (?P<sign>[-+*/%<>=!|&^~(),.\[\]])
"""
# A doubled quote inside a text makes two texts side by side: nothing is between them that could be missed.
_NAMES = {'"': r'"[^"\\]*"', "`": r"`[^`\\]*`", "[": r"\[[^\]\\]*\]"}
"""How names are quoted: what isn't in use with an engine is no quote there, but the beginning of something else."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NEVER = _set(
    # What begins another statement: SQL Server wants no semicolon between two.
    "alter backup begin bulk checkpoint commit create dbcc deallocate declare delete deny disable drop dump"
    " enable exec execute goto grant if insert kill merge procedure raiserror readtext receive reconfigure"
    " restore return revert revoke rollback save send set setuser shutdown throw truncate update updatetext use"
    " waitfor while writetext"
    # What makes a SELECT write, lock or wait.
    " dumpfile infile into lock nextval nowait outfile share skip"
    " holdlock paglock rowlock tablock tablockx updlock xlock"
    # What goes elsewhere: another server, a file.
    " opendatasource openquery openrowset openxml"
)
_FUNCTIONS = _set(
    # Of a row
    "abs ascii atan atan2 bit_length cast cbrt ceil ceiling char char_length character_length charindex choose"
    " chr coalesce concat concat_ws convert cos datalength date date_add date_format date_part date_sub date_trunc"
    " dateadd datediff datefromparts datename datepart datetime day dayname dayofmonth dayofweek dayofyear decode"
    " degrees difference elt eomonth exp extract field floor format from_unixtime glob greatest hex hour ifnull"
    " iif initcap instr isdate isdigit isnull isnumeric julianday json json_array json_extract json_object"
    " json_query json_unquote json_value json_valid jsonb_build_object json_build_object last_day lcase least left"
    " len length ln localtime locate log log10 log2 lower lpad ltrim make_date make_interval makedate md5"
    " microsecond mid minute mod month monthname months_between nchar next_day nullif nvl nvl2 oct octet_length"
    " overlay patindex pi position pow power printf quarter quotename radians regexp_count regexp_instr"
    " regexp_like regexp_match regexp_replace regexp_substr repeat replace replicate reverse right round"
    " row_to_json to_json to_jsonb rpad rtrim sec_to_time second sign sin space split_part sqrt starts_with str"
    " str_to_date strcmp strftime strpos stuff substr substring substring_index tan time time_format timediff"
    " timestamp timestampadd timestampdiff timezone to_char to_date to_days to_number to_timestamp translate trim"
    " trunc try_cast try_convert typeof ucase unhex unicode unistr unix_timestamp upper week weekday weekofyear"
    " year yearweek age justify_days"
    # Of the time
    " curdate current_date current_time current_timestamp curtime getdate getutcdate localtimestamp now"
    " sysdatetime sysdatetimeoffset sysutcdatetime sysdate utc_date utc_timestamp clock_timestamp"
    # Of many rows
    " array_agg avg bool_and bool_or count count_big every group_concat json_agg json_arrayagg json_group_array"
    " json_objectagg jsonb_agg listagg max median min percentile_cont percentile_disc stddev string_agg sum total"
    " variance cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number"
    # In the place of a table
    " generate_series json_each json_table jsonb_array_elements json_array_elements openjson string_split unnest"
)
_GRAMMAR = _set(
    # Words that a parenthesis may follow
    "all and any apply array as between by case collate columns cross cube distinct else end escape except exists"
    " fetch filter for from full group having in inner intersect interval is join lateral like ilike rlike regexp"
    " similar limit match materialized against minus natural not null offset on or order outer over overlaps"
    " partition path range recursive rollup row rows select sets some symmetric then top union using values when"
    " where window with within xor"
    # Types with a length
    " bigint binary bit character char varying clob datetime2 datetimeoffset dec decimal double float int integer"
    " national nchar number numeric nvarchar nvarchar2 real smallint text timestamptz tinyint unsigned varbinary"
    " varchar varchar2"
)
_BEGINNINGS = ("select", "with")
_BEGIN = "A question to a database begins with SELECT, or with WITH before it."
_COMMENT = "Write no comments into the SELECT: the file has room for them."
_STRANGE = {
    ";": "Leave out the semicolon: what is asked is one SELECT, and nothing after it.",
    "\\": "Leave out the backslash: databases read it differently.",
    "'": "A text in the SELECT doesn't end, or has a backslash in it.",
    ":": "A colon stands before the name of a value only: write :value, and times as texts.",
    "#": _COMMENT,
}


class Statement(Struct, frozen=True):
    """One that only reads, by all its words. `parts`: text, and between two texts the name of a value."""

    parts: Sequence[str]

    @property
    def names(self) -> Sequence[str]:
        """Of the values, in the order in which they stand there."""
        return self.parts[1::2]

    def written(self, style: Style) -> str:
        """As a driver wants it (PEP 249)."""
        double = style == "pyformat"
        mark = {"pyformat": "%({})s", "named": ":{}", "qmark": "?"}[style]
        return "".join(
            mark.format(part) if place % 2 else part.replace("%", "%%") if double else part
            for place, part in enumerate(self.parts)
        )


def statement(sql: str, quotes: str = '"') -> Statement:
    """Raises Misconfigured for what isn't plainly one SELECT; the sentence says what to write instead.

    `quotes`: what a quoted name begins with.
    """
    if len(sql) > MOST_LETTERS:
        raise _wrong(f"The SELECT is longer than {MOST_LETTERS:,} letters: make a view of it.")
    parts, walk = [""], _Walk()
    for kind, said in _tokens(sql.strip(" \t\r\n"), quotes):
        walk.step(kind, said)
        if kind == "value":
            parts += [said[1:], ""]
        else:
            parts[-1] += said
    if not walk.begun:
        raise _wrong(_BEGIN)
    return Statement(tuple(parts))


def usable(names: Sequence[str], values: Mapping[str, object]) -> dict[str, object]:
    """The values, each of a plain kind and each asked for. Raises Forbidden, which repeats none."""
    if set(names) != set(values):
        raise Forbidden("The values that are given aren't those that stand in the SELECT, each as :name.")
    for value in values.values():
        if value is not None and type(value) not in {str, int, float, bool, Decimal, date}:
            raise Forbidden("A value is text, a number, a date, true or false.")
        if type(value) is int and not -(2**63) <= value < 2**63:
            raise Forbidden("A number among the values has more than 64 bits.")
        if isinstance(value, str) and ("\0" in value or any("\ud800" <= each <= "\udfff" for each in value)):
            raise Forbidden("A value has a letter in it that no database takes.")
    return dict(values)


def _wrong(sentence: str) -> Misconfigured:
    return Misconfigured("select", sentence)


def _tokens(sql: str, quotes: str) -> Iterator[tuple[str, str]]:
    pattern, place = _pattern(quotes), 0
    while place < len(sql):
        found = pattern.match(sql, place)
        if found is None:
            sign = sql[place]
            raise _wrong(_STRANGE.get(sign, f"The SELECT has a sign in it that isn't let through: {sign!r}."))
        yield found.lastgroup or "", found[0]
        place = found.end()


@cache
def _pattern(quotes: str) -> re.Pattern[str]:
    return re.compile(_TOKENS.format(names="|".join(_NAMES[each] for each in quotes)), re.VERBOSE)


class _Walk:
    """From token to token: what may follow what."""

    def __init__(self) -> None:
        self.begun = False
        self.kind, self.said = "", ""
        self.is_part = False
        """The last name follows a point: it is of a schema, a table or a package."""

    def step(self, kind: str, said: str) -> None:
        if kind == "comment":
            raise _wrong(_COMMENT)
        if kind == "space":
            return
        word = said.lower() if kind == "word" else ""
        if not self.begun and word not in _BEGINNINGS:
            raise _wrong(_BEGIN)
        if word in _NEVER:
            raise _wrong(f"A SELECT with the word {said.upper()} isn't let through; quote a column that is called so.")
        if word == "value" and self.said in {"next", "previous"}:
            raise _wrong("A SELECT with NEXT VALUE isn't let through: it changes a sequence.")
        if kind == "text" and self.kind == "word" and self.said in {"q", "nq"}:
            raise _wrong("Write a text in plain quotes: 'so'.")
        if said == "(" and self._is_call():
            raise _wrong(
                f"The SELECT calls {self.said}, which isn't known to only read: leave it out, or make a view of it."
            )
        self.is_part = kind in {"word", "name"} and self.said == "."
        self.begun, self.kind, self.said = True, kind, word or said

    def _is_call(self) -> bool:
        """Of a function that isn't known; one with a schema before it may be anybody's."""
        if self.kind == "word":
            return self.is_part or self.said not in _FUNCTIONS | _GRAMMAR
        return self.kind == "name"
