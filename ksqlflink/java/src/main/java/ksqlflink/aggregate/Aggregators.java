package ksqlflink.aggregate;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Set;
import ksqlflink.type.Type;

/**
 * The aggregate functions by name. A further one is a line here, and its types go into
 * functions.yaml.
 */
public final class Aggregators {
  /**
   * Makes the function for one call, by the types of its result and its first argument, which may
   * be null.
   */
  @FunctionalInterface
  private interface Factory {
    Aggregator of(Type result, Type first, JsonNode arguments);
  }

  private static final Map<String, Factory> BY_NAME =
      Map.ofEntries(
          Map.entry("COUNT", (result, first, arguments) -> NumberAggregators.count()),
          Map.entry("SUM", (result, first, arguments) -> NumberAggregators.sum(result)),
          Map.entry("AVG", (result, first, arguments) -> NumberAggregators.average()),
          Map.entry("MIN", (result, first, arguments) -> CollectionAggregators.extreme(result, -1)),
          Map.entry("MAX", (result, first, arguments) -> CollectionAggregators.extreme(result, 1)),
          Map.entry(
              "COUNT_DISTINCT",
              (result, first, arguments) -> CollectionAggregators.countDistinct(first)),
          Map.entry(
              "COLLECT_LIST",
              (result, first, arguments) -> CollectionAggregators.collect(result, false)),
          Map.entry(
              "COLLECT_SET",
              (result, first, arguments) -> CollectionAggregators.collect(result, true)),
          Map.entry(
              "LATEST_BY_OFFSET",
              (result, first, arguments) ->
                  CollectionAggregators.byOffset(result, first, arguments, true)),
          Map.entry(
              "EARLIEST_BY_OFFSET",
              (result, first, arguments) ->
                  CollectionAggregators.byOffset(result, first, arguments, false)),
          Map.entry(
              "TOPK",
              (result, first, arguments) -> CollectionAggregators.top(result, arguments, false)),
          Map.entry(
              "TOPKDISTINCT",
              (result, first, arguments) -> CollectionAggregators.top(result, arguments, true)),
          Map.entry("HISTOGRAM", (result, first, arguments) -> CollectionAggregators.histogram()),
          Map.entry("STDDEV_SAMPLE", (result, first, arguments) -> NumberAggregators.deviation()),
          Map.entry("STDDEV_SAMP", (result, first, arguments) -> NumberAggregators.deviation()));

  private Aggregators() {}

  /**
   * The function of {"function", "args", "type"}. Throws IllegalArgumentException for an unknown
   * name.
   */
  public static Aggregator of(JsonNode spec) {
    String name = spec.get("function").textValue();
    Factory factory = BY_NAME.get(name);
    if (factory == null) {
      throw new IllegalArgumentException("unknown aggregate function: " + name);
    }
    JsonNode arguments = spec.path("args");
    Type first = arguments.isEmpty() ? null : Type.of(arguments.get(0).get("type"));
    return factory.of(Type.of(spec.get("type")), first, arguments);
  }

  /** All names. */
  public static Set<String> names() {
    return BY_NAME.keySet();
  }
}
