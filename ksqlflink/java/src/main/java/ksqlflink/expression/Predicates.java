package ksqlflink.expression;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiPredicate;
import java.util.regex.Pattern;
import ksqlflink.type.Type;

/** AND, OR, NOT, comparisons and whatever else is true or false. */
final class Predicates {
  private final Compiler compiler;

  Predicates(Compiler compiler) {
    this.compiler = compiler;
  }

  /** Throws IllegalArgumentException for an unknown op. */
  Expression compile(String op, JsonNode node) {
    return switch (op) {
      case "AND" -> and(arg(node, 0), arg(node, 1));
      case "OR" -> or(arg(node, 0), arg(node, 1));
      case "NOT" -> not(arg(node, 0));
      case "IS NULL" -> isNull(arg(node, 0));
      case "IS NOT NULL" -> not(isNull(arg(node, 0)));
      case "=", "<>", "<", "<=", ">", ">=" -> comparison(op, node);
      case "IS DISTINCT FROM" -> distinct(node);
      case "IS NOT DISTINCT FROM" -> not(distinct(node));
      case "BETWEEN" -> between(node);
      case "IN" -> in(node);
      case "LIKE" -> like(node);
      default -> throw new IllegalArgumentException("unknown op: " + op);
    };
  }

  private Expression arg(JsonNode node, int index) {
    return compiler.compile(node.get("args").get(index));
  }

  private static Expression and(Expression left, Expression right) {
    return row -> (Boolean) left.evaluate(row) && (Boolean) right.evaluate(row);
  }

  private static Expression or(Expression left, Expression right) {
    return row -> (Boolean) left.evaluate(row) || (Boolean) right.evaluate(row);
  }

  private static Expression not(Expression value) {
    return row -> !(Boolean) value.evaluate(row);
  }

  private static Expression isNull(Expression value) {
    return row -> value.evaluate(row) == null;
  }

  private static BiPredicate<Object, Object> test(String op, Type left, Type right) {
    if (left == null || right == null) {
      return (a, b) -> false;
    }
    BiPredicate<Object, Object> test = Comparisons.of(op, left, right);
    return (a, b) -> a != null && b != null && test.test(a, b);
  }

  private Expression comparison(String op, JsonNode node) {
    Expression left = arg(node, 0);
    Expression right = arg(node, 1);
    BiPredicate<Object, Object> test =
        test(op, Compiler.argType(node, 0), Compiler.argType(node, 1));
    return row -> test.test(left.evaluate(row), right.evaluate(row));
  }

  private Expression distinct(JsonNode node) {
    Expression left = arg(node, 0);
    Expression right = arg(node, 1);
    BiPredicate<Object, Object> differ =
        test("<>", Compiler.argType(node, 0), Compiler.argType(node, 1));
    return row -> {
      Object a = left.evaluate(row);
      Object b = right.evaluate(row);
      return (a == null || b == null) ? (a == null) != (b == null) : differ.test(a, b);
    };
  }

  private Expression between(JsonNode node) {
    Expression value = arg(node, 0);
    Expression low = arg(node, 1);
    Expression high = arg(node, 2);
    BiPredicate<Object, Object> above =
        test(">=", Compiler.argType(node, 0), Compiler.argType(node, 1));
    BiPredicate<Object, Object> below =
        test("<=", Compiler.argType(node, 0), Compiler.argType(node, 2));
    return row -> {
      Object v = value.evaluate(row);
      return above.test(v, low.evaluate(row)) && below.test(v, high.evaluate(row));
    };
  }

  private Expression in(JsonNode node) {
    Expression[] args = compiler.args(node);
    List<BiPredicate<Object, Object>> tests = new ArrayList<>();
    for (int i = 0; i < args.length; i++) {
      tests.add(test("=", Compiler.argType(node, 0), Compiler.argType(node, i)));
    }
    return row -> contained(Compiler.evaluate(args, row), tests);
  }

  private static boolean contained(Object[] values, List<BiPredicate<Object, Object>> tests) {
    for (int i = 1; i < values.length; i++) {
      if (matches(tests.get(i), values[0], values[i])) {
        return true;
      }
    }
    return false;
  }

  /** In a list, text that is not a number equals no number. */
  private static boolean matches(BiPredicate<Object, Object> test, Object value, Object option) {
    try {
      return test.test(value, option);
    } catch (NumberFormatException notANumber) {
      return false;
    }
  }

  private Expression like(JsonNode node) {
    Expression value = arg(node, 0);
    Expression pattern = arg(node, 1);
    JsonNode escape = node.get("escape");
    Character escaping = escape == null || escape.isNull() ? null : escape.textValue().charAt(0);
    Memo<String, Pattern> patterns = new Memo<>(text -> Like.compile(text, escaping));
    return row -> {
      String text = (String) value.evaluate(row);
      return patterns.get((String) pattern.evaluate(row)).matcher(Patience.limited(text)).matches();
    };
  }
}
