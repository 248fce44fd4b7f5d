package ksqlflink.expression;

import static ksqlflink.expression.Functions.integer;
import static ksqlflink.expression.Functions.plain;
import static ksqlflink.expression.Functions.strict;
import static ksqlflink.expression.Functions.strictly;

import java.text.ParsePosition;
import java.text.SimpleDateFormat;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalAccessor;
import java.util.Date;
import java.util.Locale;
import java.util.Map;
import java.util.TimeZone;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Functions of dates, times of day and timestamps. Where ksqlDB takes its server's time zone, this
 * is UTC.
 */
final class TimeFunctions {
  private TimeFunctions() {}

  private interface Formatting {
    Object apply(DateTimeFormatter formatter, Object[] args);
  }

  static void addTo(Map<String, Functions.Factory> functions) {
    functions.put(
        "CONVERT_TZ", strict(args -> convert((Long) args[0], (String) args[1], (String) args[2])));
    functions.put("FROM_DAYS", strict(args -> integer(args[0])));
    functions.put("FROM_UNIXTIME", strict(args -> ((Number) args[0]).longValue()));
    functions.put("UNIX_DATE", plain(args -> args.length == 0 ? today() : args[0]));
    functions.put(
        "UNIX_TIMESTAMP",
        plain(args -> args.length == 0 ? (Object) System.currentTimeMillis() : args[0]));
    addShifts(functions);
    addWriters(functions);
    addParsers(functions);
  }

  private static void addShifts(Map<String, Functions.Factory> functions) {
    functions.put("DATEADD", strict(args -> shiftDate(args, 1)));
    functions.put("DATESUB", strict(args -> shiftDate(args, -1)));
    functions.put("TIMEADD", strict(args -> shiftTime(args, 1)));
    functions.put("TIMESUB", strict(args -> shiftTime(args, -1)));
    functions.put("TIMESTAMPADD", strict(args -> (Long) args[2] + milliseconds(args)));
    functions.put("TIMESTAMPSUB", strict(args -> (Long) args[2] - milliseconds(args)));
  }

  private static void addWriters(Map<String, Functions.Factory> functions) {
    functions.put(
        "DATETOSTRING",
        writing((writer, args) -> LocalDate.ofEpochDay(integer(args[0])).format(writer)));
    functions.put(
        "FORMAT_DATE",
        writing((writer, args) -> LocalDate.ofEpochDay(integer(args[0])).format(writer)));
    functions.put("FORMAT_TIME", writing((writer, args) -> time(args[0]).format(writer)));
    functions.put("FORMAT_TIMESTAMP", writing(TimeFunctions::write));
    functions.put("TIMESTAMPTOSTRING", writing(TimeFunctions::write));
  }

  private static void addParsers(Map<String, Functions.Factory> functions) {
    functions.put("PARSE_DATE", call -> parseDate());
    functions.put("PARSE_TIME", parsing((parser, args) -> parseTime((String) args[0], parser)));
    functions.put(
        "PARSE_TIMESTAMP",
        parsing((parser, args) -> Times.parse((String) args[0], parser, zone(args))));
    functions.put(
        "STRINGTODATE",
        parsing((parser, args) -> (int) LocalDate.parse((String) args[0], parser).toEpochDay()));
    functions.put(
        "STRINGTOTIMESTAMP",
        parsing((parser, args) -> Times.parse((String) args[0], parser, zone(args))));
  }

  private static Functions.Factory writing(Formatting function) {
    return formatting(Times::writer, function);
  }

  private static Functions.Factory parsing(Formatting function) {
    return formatting(Times::parser, function);
  }

  private static Functions.Factory formatting(
      Function<String, DateTimeFormatter> compile, Formatting function) {
    return call -> {
      Memo<String, DateTimeFormatter> formatters = new Memo<>(compile);
      return strictly(args -> function.apply(formatters.get((String) args[1]), args));
    };
  }

  private static ZoneId zone(Object[] args) {
    return args.length > 2 ? ZoneId.of((String) args[2]) : Times.GMT;
  }

  private static int today() {
    return (int) Math.floorDiv(System.currentTimeMillis(), Times.DAY);
  }

  private static Object write(DateTimeFormatter writer, Object[] args) {
    return Times.format(((Number) args[0]).longValue(), writer, zone(args));
  }

  private static LocalTime time(Object milliseconds) {
    return LocalTime.ofNanoOfDay(TimeUnit.MILLISECONDS.toNanos(integer(milliseconds)));
  }

  private static Object convert(long milliseconds, String from, String to) {
    return milliseconds + offset(milliseconds, to) - offset(milliseconds, from);
  }

  private static long offset(long milliseconds, String zone) {
    return 1000L
        * ZoneId.of(zone)
            .getRules()
            .getOffset(Instant.ofEpochMilli(milliseconds))
            .getTotalSeconds();
  }

  /**
   * The unit of a shift: DAY or DAYS, down to MILLISECOND. Throws IllegalArgumentException for
   * others.
   */
  private static TimeUnit unit(Object name) {
    String text = ((String) name).toUpperCase(Locale.ROOT);
    return TimeUnit.valueOf(text.endsWith("S") ? text : text + "S");
  }

  private static long milliseconds(Object[] args) {
    return unit(args[0]).toMillis(integer(args[1]));
  }

  private static Object shiftDate(Object[] args, int sign) {
    return (int) ((integer(args[2]) * Times.DAY + sign * milliseconds(args)) / Times.DAY);
  }

  private static Object shiftTime(Object[] args, int sign) {
    LocalTime shifted = time(args[2]).plusNanos(sign * unit(args[0]).toNanos(integer(args[1])));
    return (int) TimeUnit.NANOSECONDS.toMillis(shifted.toNanoOfDay());
  }

  /** ksqlDB reads dates with the older, lenient patterns of SimpleDateFormat. */
  @SuppressWarnings("JavaUtilDate")
  private static Functions.Function parseDate() {
    Memo<String, SimpleDateFormat> formats = new Memo<>(TimeFunctions::dateFormat);
    return strictly(
        args -> {
          Date date = formats.get((String) args[1]).parse((String) args[0], new ParsePosition(0));
          if (date.getTime() % Times.DAY != 0) {
            throw new IllegalArgumentException("Date format contains time field.");
          }
          return (int) (date.getTime() / Times.DAY);
        });
  }

  private static SimpleDateFormat dateFormat(String pattern) {
    SimpleDateFormat format = new SimpleDateFormat(pattern, Locale.US);
    format.setTimeZone(TimeZone.getTimeZone(Times.GMT));
    return format;
  }

  private static Object parseTime(String text, DateTimeFormatter parser) {
    TemporalAccessor parsed = parser.parse(text);
    for (ChronoField field : ChronoField.values()) {
      if (field.isDateBased() && parsed.isSupported(field)) {
        throw new IllegalArgumentException("Time format contains date field.");
      }
    }
    return (int) TimeUnit.NANOSECONDS.toMillis(LocalTime.from(parsed).toNanoOfDay());
  }
}
