package ksqlflink.expression;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import ksqlflink.type.Type;

/**
 * Arithmetic on numbers. A null operand, a division by zero and a decimal that does not fit throw
 * RuntimeException.
 */
final class Arithmetic {
  private Arithmetic() {}

  /**
   * a op b with the type of the result. Throws IllegalArgumentException for types without
   * arithmetic.
   */
  static Expression binary(String op, Type type, Expression left, Expression right) {
    return switch (type.kind) {
      case INTEGER -> integers(op, left, right);
      case BIGINT -> longs(op, left, right);
      case DOUBLE -> doubles(op, left, right);
      case DECIMAL -> decimals(op, type, left, right);
      default -> throw new IllegalArgumentException("no arithmetic on " + type);
    };
  }

  /** -a. Throws IllegalArgumentException for types without arithmetic. */
  static Expression negate(Type type, Expression value) {
    return switch (type.kind) {
      case INTEGER -> row -> -number(value, row).intValue();
      case BIGINT -> row -> -number(value, row).longValue();
      case DOUBLE -> row -> -number(value, row).doubleValue();
      case DECIMAL -> row -> decimal(value.evaluate(row)).negate(exact(type.precision));
      default -> throw new IllegalArgumentException("no arithmetic on " + type);
    };
  }

  /**
   * A number as a decimal, without loss; a string is read. Throws NumberFormatException,
   * NullPointerException.
   */
  static BigDecimal decimal(Object value) {
    if (value instanceof BigDecimal decimal) {
      return decimal;
    }
    if (value instanceof Double number) {
      return BigDecimal.valueOf(number);
    }
    return value instanceof String text
        ? new BigDecimal(text)
        : new BigDecimal(((Number) value).longValue());
  }

  private static Number number(Expression expression, Object[] row) {
    return (Number) expression.evaluate(row);
  }

  private static MathContext exact(int precision) {
    return new MathContext(precision, RoundingMode.UNNECESSARY);
  }

  private static Expression integers(String op, Expression left, Expression right) {
    return switch (op) {
      case "+" -> row -> number(left, row).intValue() + number(right, row).intValue();
      case "-" -> row -> number(left, row).intValue() - number(right, row).intValue();
      case "*" -> row -> number(left, row).intValue() * number(right, row).intValue();
      case "/" -> row -> number(left, row).intValue() / number(right, row).intValue();
      case "%" -> row -> number(left, row).intValue() % number(right, row).intValue();
      default -> throw unknown(op);
    };
  }

  private static Expression longs(String op, Expression left, Expression right) {
    return switch (op) {
      case "+" -> row -> number(left, row).longValue() + number(right, row).longValue();
      case "-" -> row -> number(left, row).longValue() - number(right, row).longValue();
      case "*" -> row -> number(left, row).longValue() * number(right, row).longValue();
      case "/" -> row -> number(left, row).longValue() / number(right, row).longValue();
      case "%" -> row -> number(left, row).longValue() % number(right, row).longValue();
      default -> throw unknown(op);
    };
  }

  private static Expression doubles(String op, Expression left, Expression right) {
    return switch (op) {
      case "+" -> row -> number(left, row).doubleValue() + number(right, row).doubleValue();
      case "-" -> row -> number(left, row).doubleValue() - number(right, row).doubleValue();
      case "*" -> row -> number(left, row).doubleValue() * number(right, row).doubleValue();
      case "/" -> row -> number(left, row).doubleValue() / number(right, row).doubleValue();
      case "%" -> row -> number(left, row).doubleValue() % number(right, row).doubleValue();
      default -> throw unknown(op);
    };
  }

  private static Expression decimals(String op, Type type, Expression left, Expression right) {
    DecimalOperator operator = operator(op);
    MathContext context = exact(type.precision);
    return row -> {
      BigDecimal a = decimal(left.evaluate(row));
      BigDecimal b = decimal(right.evaluate(row));
      return operator.apply(a, b, context).setScale(type.scale);
    };
  }

  private interface DecimalOperator {
    BigDecimal apply(BigDecimal left, BigDecimal right, MathContext context);
  }

  private static DecimalOperator operator(String op) {
    return switch (op) {
      case "+" -> BigDecimal::add;
      case "-" -> BigDecimal::subtract;
      case "*" -> BigDecimal::multiply;
      case "/" -> BigDecimal::divide;
      case "%" -> BigDecimal::remainder;
      default -> throw unknown(op);
    };
  }

  private static IllegalArgumentException unknown(String op) {
    return new IllegalArgumentException("unknown operator: " + op);
  }
}
