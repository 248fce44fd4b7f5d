package ksqlflink.expression;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalQueries;
import java.util.Locale;
import java.util.Objects;

/** Text of DATE, TIME and TIMESTAMP values, as ksqlDB reads and writes it. */
final class Times {
  static final long DAY = 86_400_000L;
  static final ZoneId GMT = ZoneId.of("GMT");
  private static final String ZERO_TIME = "00:00:00.000";
  private static final DateTimeFormatter TIMESTAMP = parser("yyyy-MM-dd'T'HH:mm:ss.SSS");

  private Times() {}

  /**
   * Milliseconds of an ISO text such as 2024-01-01T10:00, parts may be left out. Throws
   * DateTimeException.
   */
  static long parseTimestamp(String text) {
    int t = text.indexOf('T');
    if (t < 0) {
      return parse(fullDate(text) + "T" + ZERO_TIME, TIMESTAMP, ZoneOffset.UTC);
    }
    String time = text.substring(t + 1);
    int zone = zoneStart(time);
    ZoneId zoneId = zone == time.length() ? ZoneOffset.UTC : ZoneId.of(time.substring(zone));
    return parse(text.substring(0, t) + "T" + fullTime(time.substring(0, zone)), TIMESTAMP, zoneId);
  }

  private static int zoneStart(String time) {
    int plus = time.indexOf('+');
    int start = plus >= 0 ? plus : time.indexOf('-');
    return start < 0 ? time.length() : start;
  }

  private static String fullTime(String time) {
    String plain = time.endsWith("Z") ? time.substring(0, time.length() - 1) : time;
    return plain.length() >= ZERO_TIME.length()
        ? plain
        : plain + ZERO_TIME.substring(plain.length());
  }

  private static String fullDate(String date) {
    return switch (date.split("-").length) {
      case 1 -> date + "-01-01";
      case 2 -> date + "-01";
      default -> date;
    };
  }

  /** Days of 2024-01-01, 2024-01 or 2024. Throws DateTimeException. */
  static int parseDate(String text) {
    return (int) LocalDate.parse(fullDate(text)).toEpochDay();
  }

  /** Milliseconds of 10:00, 10:00:01 or 10:00:01.5. Throws DateTimeException. */
  static int parseTime(String text) {
    return (int) (LocalTime.parse(text).toNanoOfDay() / 1_000_000);
  }

  /**
   * The formatter for reading text of a pattern. Throws IllegalArgumentException for a wrong
   * pattern.
   */
  static DateTimeFormatter parser(String pattern) {
    return new DateTimeFormatterBuilder()
        .parseCaseInsensitive()
        .appendPattern(pattern)
        .toFormatter(Locale.ROOT);
  }

  /** The formatter for writing a pattern. Throws IllegalArgumentException for a wrong pattern. */
  static DateTimeFormatter writer(String pattern) {
    return DateTimeFormatter.ofPattern(pattern, Locale.US);
  }

  /**
   * Milliseconds of a text; what the pattern lacks is taken from 1970-01-01T00:00 in the zone.
   * Throws DateTimeException.
   */
  static long parse(String text, DateTimeFormatter parser, ZoneId zone) {
    TemporalAccessor parsed = parser.parse(text);
    ZoneId written = parsed.query(TemporalQueries.zone());
    return date(parsed)
        .atTime(time(parsed))
        .atZone(Objects.requireNonNullElse(written, zone))
        .toInstant()
        .toEpochMilli();
  }

  private static LocalDate date(TemporalAccessor parsed) {
    LocalDate date = parsed.query(TemporalQueries.localDate());
    if (date != null) {
      return date;
    }
    int year = field(parsed, ChronoField.YEAR, 1970);
    return parsed.isSupported(ChronoField.DAY_OF_YEAR)
        ? LocalDate.ofYearDay(year, parsed.get(ChronoField.DAY_OF_YEAR))
        : LocalDate.of(
            year,
            field(parsed, ChronoField.MONTH_OF_YEAR, 1),
            field(parsed, ChronoField.DAY_OF_MONTH, 1));
  }

  private static LocalTime time(TemporalAccessor parsed) {
    LocalTime time = parsed.query(TemporalQueries.localTime());
    if (time != null) {
      return time;
    }
    return LocalTime.of(
        field(parsed, ChronoField.HOUR_OF_DAY, 0),
        field(parsed, ChronoField.MINUTE_OF_HOUR, 0),
        field(parsed, ChronoField.SECOND_OF_MINUTE, 0),
        field(parsed, ChronoField.NANO_OF_SECOND, 0));
  }

  private static int field(TemporalAccessor parsed, ChronoField field, int missing) {
    return parsed.isSupported(field) ? parsed.get(field) : missing;
  }

  /** 2024-01-01T00:00:00.000 in UTC. */
  static String formatTimestamp(long milliseconds) {
    return format(milliseconds, TIMESTAMP, ZoneOffset.UTC);
  }

  /** A timestamp as a formatter writes it in a zone. Throws DateTimeException. */
  static String format(long milliseconds, DateTimeFormatter writer, ZoneId zone) {
    return Instant.ofEpochMilli(milliseconds).atZone(zone).format(writer);
  }

  /** 2024-01-01. */
  static String formatDate(int days) {
    return LocalDate.ofEpochDay(days).toString();
  }

  /** 10:00 or 10:00:01: whole seconds only, as in ksqlDB. */
  static String formatTime(int milliseconds) {
    return LocalTime.ofSecondOfDay(milliseconds / 1000).toString();
  }
}
