package ksqlflink.plan;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalQueries;
import ksqlflink.type.Type;
import ksqlflink.type.Undecodable;

/** The TIMESTAMP column of a source or a sink: BIGINT, TIMESTAMP, or STRING with a pattern. */
final class EventTime {
  private final DateTimeFormatter pattern;

  EventTime(JsonNode spec, Type type) {
    String text = spec.path("pattern").textValue();
    this.pattern = text == null ? null : DateTimeFormatter.ofPattern(text);
    if (type.kind == Type.Kind.STRING && pattern == null) {
      throw new IllegalArgumentException("a STRING column needs TIMESTAMP_FORMAT to be a time");
    }
  }

  /** Epoch milliseconds. Throws Undecodable when the column is null, negative or no time. */
  long of(Object value) {
    long ms =
        value instanceof String text
            ? parse(text)
            : value instanceof Number number ? number.longValue() : -1;
    if (ms < 0) {
      throw new Undecodable("its TIMESTAMP column holds no time");
    }
    return ms;
  }

  private long parse(String text) {
    try {
      TemporalAccessor parsed = pattern.parse(text);
      ZoneId zone = parsed.query(TemporalQueries.zone());
      LocalDate date = parsed.query(TemporalQueries.localDate());
      LocalDate day = date == null ? LocalDate.EPOCH : date;
      long nanos =
          parsed.isSupported(ChronoField.NANO_OF_DAY) ? parsed.getLong(ChronoField.NANO_OF_DAY) : 0;
      ZonedDateTime at = day.atStartOfDay(zone == null ? ZoneOffset.UTC : zone).plusNanos(nanos);
      return at.toInstant().toEpochMilli();
    } catch (DateTimeParseException error) {
      throw new Undecodable("its TIMESTAMP column '" + text + "' is no time");
    }
  }
}
