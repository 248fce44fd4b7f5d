"""The ksqlDB grammar as a lark LALR(1) grammar, after the shape of ksqlDB's own SqlBase.g4.

It is wider than what the server runs, so that an unsupported construct is recognised and refused by name
and position instead of ending in a bare syntax error.
"""

from __future__ import annotations

STATEMENT_STARTERS = (
    "SELECT", "SHOW", "LIST", "DESCRIBE", "PRINT", "TERMINATE", "PAUSE", "RESUME", "SET", "UNSET", "DEFINE",
    "UNDEFINE", "CREATE", "INSERT", "DROP", "EXPLAIN", "RUN", "ASSERT", "ALTER",
)  # fmt: skip

# Keywords that may also name a column or a source (ksqlDB's nonReserved rule).
NON_RESERVED = (
    "SHOW", "TABLES", "FUNCTION", "STRUCT", "MAP", "ARRAY", "PARTITION", "DAY", "HOUR", "MINUTE", "SECOND",
    "EXPLAIN", "TYPE", "SET", "IF", "SOURCE", "SINK", "PRIMARY", "KEY", "EMIT", "CHANGES", "FINAL", "ESCAPE",
    "REPLACE", "ASSERT", "ALTER",
)  # fmt: skip

# Every other word of the grammar is reserved.
RESERVED = (
    "SELECT", "FROM", "AS", "ALL", "DISTINCT", "WHERE", "WITHIN", "WINDOW", "GROUP", "BY", "HAVING", "LIMIT",
    "AT", "OR", "AND", "IN", "NOT", "EXISTS", "BETWEEN", "LIKE", "IS", "NULL", "TRUE", "FALSE",
    "CASE", "WHEN", "THEN", "ELSE", "END", "JOIN", "FULL", "OUTER", "INNER", "LEFT", "RIGHT", "ON", "CREATE",
    "STREAM", "STREAMS", "TABLE", "TOPIC", "TOPICS", "QUERY", "QUERIES", "WITH", "VALUES", "INSERT", "DELETE",
    "INTO", "DESCRIBE", "EXTENDED", "PRINT", "CAST", "LIST", "UNSET", "RUN", "SCRIPT", "CONNECTOR",
    "CONNECTORS", "VARIABLES", "PROPERTIES", "BEGINNING", "DROP", "TERMINATE", "PAUSE", "RESUME", "DEFINE",
    "UNDEFINE", "GRACE", "PERIOD", "DAYS", "HOURS", "MINUTES", "SECONDS", "MILLISECOND", "MILLISECONDS",
)  # fmt: skip

_RULES = r"""
start: (statement ";")*
?statement: select | show | describe | create | create_as | insert_select | insert_values | drop | terminate
          | pause | resume | explain | set | unset | define | undefine | print | assert_topic | assert_schema
          | create_connector | drop_connector | create_type | drop_type | refused

select: query
show: (SHOW | LIST) show_what EXTENDED?
show_what: STREAMS | TABLES | QUERIES | ALL? TOPICS | PROPERTIES | VARIABLES | (SOURCE | SINK)? CONNECTORS
         | IDENT
describe: DESCRIBE identifier EXTENDED?          -> describe_source
        | DESCRIBE STREAMS EXTENDED?              -> describe_all
        | DESCRIBE FUNCTION identifier            -> describe_function
        | DESCRIBE CONNECTOR identifier           -> describe_connector
create: CREATE or_replace? SOURCE? (STREAM | TABLE) if_not_exists? identifier elements? with_?
create_as: CREATE or_replace? (STREAM | TABLE) if_not_exists? identifier with_? AS query
or_replace: OR REPLACE
if_not_exists: IF NOT EXISTS
if_exists: IF EXISTS
insert_select: INSERT INTO identifier with_? query
insert_values: INSERT INTO identifier ("(" identifier ("," identifier)* ")")? values
values: VALUES "(" expression ("," expression)* ")"
drop: DROP (STREAM | TABLE) if_exists? identifier delete_topic?
delete_topic: DELETE TOPIC
terminate: TERMINATE QUERY? (identifier | ALL)
pause: PAUSE (identifier | ALL)
resume: RESUME (identifier | ALL)
explain: EXPLAIN (identifier | query | create_as)
set: SET STRING "=" STRING
unset: UNSET STRING
define: DEFINE identifier "=" STRING
undefine: UNDEFINE identifier
print: PRINT (identifier | STRING) from_beginning? sample? print_limit?
from_beginning: FROM BEGINNING
sample: IDENT INTEGER
print_limit: LIMIT INTEGER
assert_topic: ASSERT (NOT EXISTS)? TOPIC (identifier | STRING) with_? assert_option?
assert_schema: ASSERT (NOT EXISTS)? IDENT assert_option+
assert_option: IDENT (identifier | STRING | INTEGER unit?)
create_connector: CREATE (SOURCE | SINK) CONNECTOR if_not_exists? identifier connector_with
connector_with: WITH "(" (connector_property ("," connector_property)*)? ")"
connector_property: (identifier | STRING) "=" literal
drop_connector: DROP CONNECTOR if_exists? identifier
create_type: CREATE TYPE if_not_exists? identifier AS type
drop_type: DROP TYPE if_exists? identifier
refused: RUN SCRIPT STRING                                             -> refused
       | ALTER (STREAM | TABLE) identifier identifier+ type             -> refused

elements: "(" element ("," element)* ")"
element: identifier type (key | header)?
header: IDENT ("(" STRING ")")?
key: PRIMARY KEY -> primary_key
   | KEY         -> stream_key
with_: WITH "(" (property ("," property)*)? ")"
property: (identifier | STRING) "=" (literal | MINUS INTEGER)

type: ARRAY LT type GT                     -> array_type
    | MAP LT type "," type GT              -> map_type
    | STRUCT LT field ("," field)* GT      -> struct_type
    | identifier ("(" INTEGER ("," INTEGER)* ")")? -> named_type
field: identifier type

query: SELECT select_item ("," select_item)* FROM relation _clauses
_clauses: window? where? group_by? partition_by? having? emit? limit?
select_item: expression (AS? identifier)? -> select_expression
           | "*"                          -> select_all
           | identifier "." "*"           -> select_all
           | primary "->" "*"             -> select_struct
relation: aliased join*
aliased: identifier (AS identifier | alias)?
join: join_type JOIN aliased within? ON expression
join_type: INNER?       -> inner_join
         | LEFT OUTER?  -> left_join
         | RIGHT OUTER? -> right_join
         | FULL OUTER?  -> full_join
within: WITHIN duration grace?                             -> within
      | WITHIN "(" duration "," duration ")" grace?        -> within
grace: GRACE PERIOD duration
duration: INTEGER unit
!unit: DAY | DAYS | HOUR | HOURS | MINUTE | MINUTES | SECOND | SECONDS | MILLISECOND | MILLISECONDS
window: WINDOW IDENT "(" window_item ("," window_item)* ")"
window_item: (IDENT BY?)? duration | grace
where: WHERE expression
group_by: GROUP BY grouping
partition_by: PARTITION BY grouping
grouping: expression ("," expression)* | "(" expression ("," expression)+ ")"
having: HAVING expression
emit: EMIT (CHANGES | FINAL)
limit: LIMIT INTEGER

?expression: or_
?or_: and_ | or_ OR and_
?and_: not_ | and_ AND not_
?not_: predicate | NOT not_
?predicate: sum
          | sum (COMPARE | LT | GT) sum                       -> comparison
          | sum "=" sum                           -> equals
          | sum IS NOT? NULL                      -> is_null
          | sum IS NOT? DISTINCT FROM sum         -> distinct
          | sum NOT? BETWEEN sum AND sum          -> between
          | sum NOT? IN "(" expression ("," expression)* ")" -> in_
          | sum NOT? LIKE sum (ESCAPE STRING)?    -> like
          | sum AT identifier identifier STRING   -> at_time_zone
?sum: product | sum (PLUS | MINUS | CONCAT) product -> arithmetic
?product: unary | product (STAR | SLASH | PERCENT) unary -> arithmetic
?unary: primary | MINUS unary -> negative | PLUS unary -> positive
?primary: literal
        | identifier                                        -> column
        | identifier "." identifier                         -> qualified
        | primary "[" sum "]"                               -> subscript
        | primary "->" identifier                           -> dereference
        | identifier "(" "*" ")"                            -> star_call
        | identifier "(" (argument ("," argument)*)? ")"    -> call
        | CASE when+ (ELSE expression)? END                 -> searched_case
        | CASE expression when+ (ELSE expression)? END      -> simple_case
        | CAST "(" expression AS type ")"                   -> cast
        | "(" expression ")"                                -> parenthesised
        | ARRAY "[" (expression ("," expression)*)? "]"     -> array_literal
        | STRUCT "(" struct_item ("," struct_item)* ")"     -> struct_literal
        | MAP "(" (map_item ("," map_item)*)? ")"           -> map_literal
        | time_unit
?argument: expression
         | expression "=>" expression                              -> lambda_
         | "(" expression ("," expression)+ ")" "=>" expression    -> lambda_
struct_item: identifier ":=" expression
map_item: expression ":=" expression
when: WHEN expression THEN expression
!time_unit: DAYS | HOURS | MINUTES | SECONDS | MILLISECOND | MILLISECONDS
literal: STRING -> string
       | INTEGER -> integer
       | DECIMAL -> decimal
       | FLOAT -> double
       | TRUE -> true
       | FALSE -> false
       | NULL -> null
identifier: IDENT -> plain_identifier
          | QUOTED -> quoted_identifier
          | non_reserved
?alias: IDENT -> plain_identifier
      | QUOTED -> quoted_identifier
      | alias_word -> non_reserved

COMPARE: "<>" | "!=" | "<=" | ">="
LT: "<"
GT: ">"
PLUS: "+"
MINUS: "-"
STAR: "*"
SLASH: "/"
PERCENT: "%"
CONCAT: "||"
IDENT: /[A-Za-z_][A-Za-z0-9_@]*/i
QUOTED: /`(?:[^`]|``)*`/ | /"(?:[^"]|"")*"/
STRING: /'(?:[^']|'')*'/
FLOAT.3: /(?:\d+(?:\.\d*)?|\.\d+)[eE][+-]?\d+/
DECIMAL.2: /\d+\.\d*|\.\d+/
INTEGER.1: /\d+/
LINE_COMMENT: /--[^\r\n]*/
BLOCK_COMMENT: /\/\*(?:.|\n)*?\*\//
WHITESPACE: /\s+/
%ignore LINE_COMMENT
%ignore BLOCK_COMMENT
%ignore WHITESPACE
"""


def grammar() -> str:
    """Return the lark grammar text with one terminal for each keyword."""
    words = sorted({*STATEMENT_STARTERS, *NON_RESERVED, *RESERVED})
    terminals = [f'{word}: "{word}"i' for word in words]
    non_reserved = "!non_reserved: " + " | ".join(NON_RESERVED)
    # Without AS these would swallow the clause that follows the source: FROM orders EMIT CHANGES.
    alias_words = "!alias_word: " + " | ".join(w for w in NON_RESERVED if w not in ("EMIT", "PARTITION"))
    return "\n".join([_RULES, non_reserved, alias_words, *terminals])
