package ksqlflink.expression;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import ksqlflink.type.Type;

/**
 * The scalar functions by name. A further one is put into the class of its theme, and into
 * functions.yaml for its types.
 */
public final class Functions {
  private static final Map<String, Factory> BY_NAME = all();

  private Functions() {}

  /** A function over evaluated arguments. Throws RuntimeException where ksqlDB's function fails. */
  @FunctionalInterface
  interface Function {
    Object apply(Object[] args);
  }

  /** Makes the function for one call; what it remembers belongs to that call. */
  @FunctionalInterface
  interface Factory {
    Function bind(Call call);
  }

  /** The types of a call; the type of an argument is null for the literal NULL. */
  record Call(Type[] args, Type returns) {}

  /** The function for one call. Throws IllegalArgumentException for an unknown name. */
  static Function bind(String name, Type[] args, Type returns) {
    Factory factory = BY_NAME.get(name.toUpperCase(Locale.ROOT));
    if (factory == null) {
      throw new IllegalArgumentException("unknown function: " + name);
    }
    return factory.bind(new Call(args, returns));
  }

  /** All names, of those too that take lambdas. */
  public static Set<String> names() {
    Set<String> names = new HashSet<>(BY_NAME.keySet());
    names.addAll(LambdaFunctions.BY_NAME.keySet());
    return names;
  }

  private static Map<String, Factory> all() {
    Map<String, Factory> functions = new HashMap<>();
    NumberFunctions.addTo(functions);
    StringFunctions.addTo(functions);
    PatternFunctions.addTo(functions);
    MaskFunctions.addTo(functions);
    BytesFunctions.addTo(functions);
    UrlFunctions.addTo(functions);
    JsonFunctions.addTo(functions);
    NullFunctions.addTo(functions);
    CollectionFunctions.addTo(functions);
    TimeFunctions.addTo(functions);
    return Map.copyOf(functions);
  }

  /** A function that needs neither types nor memory. */
  static Factory plain(Function function) {
    return call -> function;
  }

  /** A function that is null if any argument is. */
  static Factory strict(Function function) {
    return call -> strictly(function);
  }

  /** The same function, null if any argument is. */
  static Function strictly(Function function) {
    return args -> {
      for (Object arg : args) {
        if (arg == null) {
          return null;
        }
      }
      return function.apply(args);
    };
  }

  /** The argument as an int. Throws NullPointerException for null. */
  static int integer(Object arg) {
    return ((Number) arg).intValue();
  }
}
