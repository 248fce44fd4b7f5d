package ksqlflink.expression;

import static ksqlflink.expression.Functions.plain;

import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import ksqlflink.type.Values;

/** Functions about nulls. */
final class NullFunctions {
  private NullFunctions() {}

  static void addTo(Map<String, Functions.Factory> functions) {
    functions.put("COALESCE", plain(NullFunctions::firstNotNull));
    functions.put("IFNULL", plain(NullFunctions::firstNotNull));
    functions.put("NULLIF", plain(args -> Values.same(args[0], args[1]) ? null : args[0]));
  }

  private static Object firstNotNull(Object[] args) {
    return Arrays.stream(args).filter(Objects::nonNull).findFirst().orElse(null);
  }
}
