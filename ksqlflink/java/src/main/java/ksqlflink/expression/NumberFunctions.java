package ksqlflink.expression;

import static ksqlflink.expression.Functions.integer;
import static ksqlflink.expression.Functions.plain;
import static ksqlflink.expression.Functions.strict;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import ksqlflink.type.Type;
import ksqlflink.type.Values;

/** Functions of numbers. */
final class NumberFunctions {
  private static final double EARTH_KILOMETERS = 6371;
  private static final int LONGEST_SERIES = 1 << 20;

  /** No number has more digits than this before or behind its point. */
  private static final int MOST_PLACES = 1_000;

  private static final double EARTH_MILES = 3959;
  private static final Set<String> MILES = Set.of("mi", "mile", "miles");
  private static final Set<String> KILOMETERS =
      Set.of("km", "kilometer", "kilometers", "kilometre", "kilometres");

  private NumberFunctions() {}

  static void addTo(Map<String, Functions.Factory> functions) {
    functions.put("ABS", strict(args -> abs(args[0])));
    functions.put("CEIL", strict(args -> whole(args[0], RoundingMode.CEILING)));
    functions.put("FLOOR", strict(args -> whole(args[0], RoundingMode.FLOOR)));
    functions.put("ROUND", plain(NumberFunctions::round));
    functions.put("TRUNC", plain(NumberFunctions::trunc));
    functions.put("SIGN", strict(args -> (int) Math.signum(((Number) args[0]).doubleValue())));
    functions.put("GREATEST", call -> extreme(call.returns(), Values::compare));
    functions.put("LEAST", call -> extreme(call.returns(), (a, b) -> Values.compare(b, a)));
    functions.put("GENERATE_SERIES", call -> series(call.returns()));
    functions.put("GEO_DISTANCE", plain(NumberFunctions::geoDistance));
    functions.put("PI", plain(args -> Math.PI));
    functions.put("RANDOM", plain(args -> Math.random()));
    functions.put(
        "LOG", call -> call.args().length == 1 ? unary(Math::log) : binary(NumberFunctions::log));
    functions.put("ATAN2", call -> binary(Math::atan2));
    functions.put("POWER", call -> binary(Math::pow));
    addUnary(functions);
  }

  private static void addUnary(Map<String, Functions.Factory> functions) {
    functions.put("ACOS", call -> unary(Math::acos));
    functions.put("ASIN", call -> unary(Math::asin));
    functions.put("ATAN", call -> unary(Math::atan));
    functions.put("CBRT", call -> unary(Math::cbrt));
    functions.put("COS", call -> unary(Math::cos));
    functions.put("COSH", call -> unary(Math::cosh));
    functions.put("COT", call -> unary(x -> Math.cos(x) / Math.sin(x)));
    functions.put("DEGREES", call -> unary(Math::toDegrees));
    functions.put("EXP", call -> unary(Math::exp));
    functions.put("LN", call -> unary(Math::log));
    functions.put("RADIANS", call -> unary(Math::toRadians));
    functions.put("SIN", call -> unary(Math::sin));
    functions.put("SINH", call -> unary(Math::sinh));
    functions.put("SQRT", call -> unary(Math::sqrt));
    functions.put("TAN", call -> unary(Math::tan));
    functions.put("TANH", call -> unary(Math::tanh));
  }

  private static Functions.Function unary(DoubleUnaryOperator operator) {
    return Functions.strictly(args -> operator.applyAsDouble(((Number) args[0]).doubleValue()));
  }

  private static Functions.Function binary(DoubleBinaryOperator operator) {
    return Functions.strictly(
        args ->
            operator.applyAsDouble(
                ((Number) args[0]).doubleValue(), ((Number) args[1]).doubleValue()));
  }

  private static double log(double base, double value) {
    return base <= 0 || base == 1 ? Double.NaN : Math.log(value) / Math.log(base);
  }

  private static Object abs(Object value) {
    if (value instanceof Integer number) {
      return Math.abs(number);
    }
    if (value instanceof Long number) {
      return Math.abs(number);
    }
    return value instanceof Double number ? (Object) Math.abs(number) : ((BigDecimal) value).abs();
  }

  private static Object whole(Object value, RoundingMode mode) {
    if (value instanceof Double number) {
      return mode == RoundingMode.FLOOR ? Math.floor(number) : Math.ceil(number);
    }
    return value instanceof BigDecimal number
        ? number.setScale(0, mode).setScale(number.scale())
        : value;
  }

  private static Object round(Object[] args) {
    if (args.length == 1 && args[0] instanceof Double number) {
      return Math.round(number);
    }
    return scaled(args, NumberFunctions::roundingMode);
  }

  /** Halves go up, towards positive infinity. */
  private static RoundingMode roundingMode(BigDecimal value) {
    return value.signum() > 0 ? RoundingMode.HALF_UP : RoundingMode.HALF_DOWN;
  }

  private static Object trunc(Object[] args) {
    if (args.length == 1 && args[0] instanceof Double number) {
      return number.longValue();
    }
    return scaled(args, value -> RoundingMode.DOWN);
  }

  private interface Mode {
    RoundingMode of(BigDecimal value);
  }

  /** A decimal with given places keeps its scale; whole numbers become BIGINT. */
  private static Object scaled(Object[] args, Mode mode) {
    if (args[0] == null || (args.length > 1 && args[1] == null)) {
      return null;
    }
    int given = args.length > 1 ? integer(args[1]) : 0;
    int places = Math.max(-MOST_PLACES, Math.min(given, MOST_PLACES));
    if (args[0] instanceof BigDecimal value) {
      BigDecimal result = value.setScale(places, mode.of(value));
      return args.length > 1 ? result.setScale(value.scale()) : result;
    }
    if (args.length == 1) {
      return ((Number) args[0]).longValue();
    }
    BigDecimal value = BigDecimal.valueOf(((Number) args[0]).doubleValue());
    return value.setScale(places, mode.of(value)).doubleValue();
  }

  private static Functions.Function extreme(Type type, Comparator<Object> order) {
    UnaryOperator<Object> convert = conversion(type);
    return args ->
        Arrays.stream(args).filter(Objects::nonNull).map(convert).max(order).orElse(null);
  }

  private static UnaryOperator<Object> conversion(Type type) {
    return switch (type.kind) {
      case BIGINT -> value -> ((Number) value).longValue();
      case DOUBLE -> value -> ((Number) value).doubleValue();
      case DECIMAL -> value -> Arithmetic.decimal(value).setScale(type.scale);
      default -> value -> value;
    };
  }

  private static Functions.Function series(Type type) {
    return type.element.kind == Type.Kind.INTEGER
        ? NumberFunctions::integers
        : NumberFunctions::longs;
  }

  private static Object integers(Object[] args) {
    List<Object> result = new ArrayList<>();
    for (Object value : longs(args)) {
      result.add(((Long) value).intValue());
    }
    return result;
  }

  private static List<Object> longs(Object[] args) {
    long start = ((Number) args[0]).longValue();
    long end = ((Number) args[1]).longValue();
    int step = args.length > 2 ? integer(args[2]) : end > start ? 1 : -1;
    if (step == 0 || (end > start && step < 0) || (end < start && step > 0)) {
      throw new IllegalArgumentException("GENERATE_SERIES step has wrong sign or is zero");
    }
    if ((end - start) / step >= LONGEST_SERIES) {
      throw new IllegalArgumentException("GENERATE_SERIES is longer than " + LONGEST_SERIES);
    }
    List<Object> result = new ArrayList<>();
    for (long i = 0; i <= (end - start) / step; i++) {
      result.add(start + i * step);
    }
    return result;
  }

  private static Object geoDistance(Object[] args) {
    double lat1 = degrees(args[0], 90);
    double lat2 = degrees(args[2], 90);
    double lon = Math.toRadians(degrees(args[3], 180) - degrees(args[1], 180));
    double lat = Math.toRadians(lat2 - lat1);
    double a =
        haversine(lat)
            + haversine(lon) * Math.cos(Math.toRadians(lat1)) * Math.cos(Math.toRadians(lat2));
    return 2 * Math.asin(Math.sqrt(a)) * radius(args.length > 4 ? (String) args[4] : null);
  }

  private static double haversine(double angle) {
    return Math.pow(Math.sin(angle / 2), 2);
  }

  private static double degrees(Object arg, double limit) {
    double value = ((Number) arg).doubleValue();
    if (value < -limit || value > limit) {
      throw new IllegalArgumentException(
          "not between -" + limit + " and " + limit + " degrees: " + value);
    }
    return value;
  }

  private static double radius(String unit) {
    String name = unit == null || unit.isBlank() ? "km" : unit.trim().toLowerCase(Locale.ROOT);
    if (MILES.contains(name)) {
      return EARTH_MILES;
    }
    if (KILOMETERS.contains(name)) {
      return EARTH_KILOMETERS;
    }
    throw new IllegalArgumentException("neither kilometers nor miles: " + unit);
  }
}
