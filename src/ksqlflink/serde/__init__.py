"""Record keys and values in ksqlDB's formats <-> column values, for what the server itself reads and writes.

A column value is None, bool, int, float, Decimal, str, bytes, a list (ARRAY) or a dict (MAP, STRUCT). DATE is
days since the epoch, TIME milliseconds of the day, TIMESTAMP milliseconds since the epoch.
"""

from ksqlflink.serde.errors import Undecodable, Unencodable
from ksqlflink.serde.records import Layout, RecordReader, RecordWriter, Row, layouts_of

__all__ = ["Layout", "RecordReader", "RecordWriter", "Row", "Undecodable", "Unencodable", "layouts_of"]
