package ksqlflink.aggregate;

import java.util.Arrays;
import java.util.function.Function;
import ksqlflink.type.Type;

/** How numbers lie around their mean, by Welford's method, and how two of them go together. */
final class Moments {
  private static final Type STATE =
      Type.struct(
          new String[] {"COUNT", "MEAN", "M2"}, new Type[] {Type.BIGINT, Type.DOUBLE, Type.DOUBLE});

  private static final String[] SUMS = {"COUNT", "X", "Y", "XX", "YY", "XY"};

  private Moments() {}

  /** The sample standard deviation. */
  static Aggregator deviation() {
    return moments(moments -> Math.sqrt(spread(moments)));
  }

  /** The sample variance. */
  static Aggregator variance() {
    return moments(Moments::spread);
  }

  private static Aggregator moments(Function<Object[], Double> finisher) {
    SimpleAggregator.Step step =
        (state, args) -> {
          if (args[0] == null) {
            return state;
          }
          Object[] one = {1L, ((Number) args[0]).doubleValue(), 0.0};
          return state == null ? one : combined((Object[]) state, one);
        };
    return new SimpleAggregator(
        STATE,
        step,
        (a, b) -> combined((Object[]) a, (Object[]) b),
        state -> state == null ? (Object) 0.0 : finisher.apply((Object[]) state));
  }

  private static Object[] combined(Object[] a, Object[] b) {
    long count = (Long) a[0] + (Long) b[0];
    double delta = (Double) b[1] - (Double) a[1];
    double mean = (Double) a[1] + delta * (Long) b[0] / count;
    double m2 = (Double) a[2] + (Double) b[2] + delta * delta * (Long) a[0] * (Long) b[0] / count;
    return new Object[] {count, mean, m2};
  }

  private static double spread(Object[] moments) {
    long count = (Long) moments[0];
    return count < 2 ? 0.0 : (Double) moments[2] / (count - 1);
  }

  /** Pearson's coefficient of two columns; records where one of them is null do not count. */
  static Aggregator correlation() {
    SimpleAggregator.Step step = (state, args) -> sums(state, args, 1);
    SimpleAggregator.Step undo = (state, args) -> sums(state, args, -1);
    Type[] types = new Type[SUMS.length];
    Arrays.fill(types, Type.DOUBLE);
    return new SimpleAggregator(
        Type.struct(SUMS, types),
        step,
        undo,
        (a, b) -> plus((Object[]) a, (Object[]) b, 1),
        state -> state == null ? (Object) Double.NaN : coefficient((Object[]) state));
  }

  private static Object sums(Object state, Object[] args, int sign) {
    if (args[0] == null || args[1] == null) {
      return state;
    }
    double x = ((Number) args[0]).doubleValue();
    double y = ((Number) args[1]).doubleValue();
    Object[] one = {1.0, x, y, x * x, y * y, x * y};
    return state == null ? one : plus((Object[]) state, one, sign);
  }

  private static Object[] plus(Object[] a, Object[] b, int sign) {
    Object[] sums = new Object[SUMS.length];
    for (int i = 0; i < sums.length; i++) {
      sums[i] = (Double) a[i] + sign * (Double) b[i];
    }
    return sums;
  }

  private static double coefficient(Object[] sums) {
    double[] s = Arrays.stream(sums).mapToDouble(sum -> (Double) sum).toArray();
    double spreads = Math.sqrt((s[0] * s[3] - s[1] * s[1]) * (s[0] * s[4] - s[2] * s[2]));
    return (s[0] * s[5] - s[1] * s[2]) / spreads;
  }
}
