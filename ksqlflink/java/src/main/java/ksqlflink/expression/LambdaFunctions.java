package ksqlflink.expression;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Functions that take lambdas. */
final class LambdaFunctions {
  private LambdaFunctions() {}

  /**
   * A compiled lambda. Its variables are cells that its body reads, so it belongs to one thread, as
   * its expression does.
   */
  record Lambda(List<Object[]> variables, Expression body) {
    Object apply(Object[] row, Object... values) {
      Patience.look();
      for (int i = 0; i < values.length; i++) {
        variables.get(i)[0] = values[i];
      }
      return body.evaluate(row);
    }
  }

  /** Makes the call of a function on plain arguments and lambdas. */
  @FunctionalInterface
  interface Factory {
    Expression of(Expression[] args, List<Lambda> lambdas);
  }

  static final Map<String, Factory> BY_NAME =
      Map.of(
          "TRANSFORM",
          (args, lambdas) ->
              row ->
                  transform(
                      row, args[0].evaluate(row), lambdas.get(0), lambdas.get(lambdas.size() - 1)),
          "FILTER",
          (args, lambdas) -> row -> filter(row, args[0].evaluate(row), lambdas.get(0)),
          "REDUCE",
          (args, lambdas) ->
              row -> reduce(row, args[0].evaluate(row), args[1].evaluate(row), lambdas.get(0)));

  /**
   * The call of a function on plain arguments, then lambdas. Throws IllegalArgumentException for an
   * unknown name.
   */
  static Expression bind(String name, Expression[] args, List<Lambda> lambdas) {
    Factory factory = BY_NAME.get(name);
    if (factory == null) {
      throw new IllegalArgumentException("unknown function: " + name);
    }
    return factory.of(args, lambdas);
  }

  private static Object transform(Object[] row, Object value, Lambda first, Lambda second) {
    if (value instanceof List<?> list) {
      List<Object> result = new ArrayList<>(list.size());
      list.forEach(item -> result.add(first.apply(row, item)));
      return result;
    }
    if (value == null) {
      return null;
    }
    Map<Object, Object> result = new HashMap<>();
    ((Map<?, ?>) value)
        .forEach((k, v) -> put(result, first.apply(row, k, v), second.apply(row, k, v)));
    return result;
  }

  /** As in ksqlDB, two entries of one key and a null value fail. */
  private static void put(Map<Object, Object> map, Object key, Object value) {
    if (value == null || map.putIfAbsent(key, value) != null) {
      throw new IllegalStateException("a null value, or two entries of key " + key);
    }
  }

  private static Object filter(Object[] row, Object value, Lambda test) {
    if (value instanceof List<?> list) {
      List<Object> result = new ArrayList<>();
      for (Object item : list) {
        if ((Boolean) test.apply(row, item)) {
          result.add(item);
        }
      }
      return result;
    }
    return value == null ? null : filterEntries(row, (Map<?, ?>) value, test);
  }

  private static Object filterEntries(Object[] row, Map<?, ?> map, Lambda test) {
    Map<Object, Object> result = new HashMap<>();
    map.forEach(
        (k, v) -> {
          if ((Boolean) test.apply(row, k, v)) {
            put(result, k, v);
          }
        });
    return result;
  }

  private static Object reduce(Object[] row, Object value, Object first, Lambda next) {
    if (first == null || value == null) {
      return first;
    }
    Object state = first;
    if (value instanceof List<?> list) {
      for (Object item : list) {
        state = next.apply(row, state, item);
      }
      return state;
    }
    for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
      state = next.apply(row, state, entry.getKey(), entry.getValue());
    }
    return state;
  }
}
