package ksqlflink.type;

import java.math.BigDecimal;
import java.math.RoundingMode;

/** Decimal numbers as the values of a type: a few letters, 1e1000000000, are no work. */
public final class Decimals {
  private Decimals() {}

  /**
   * The value with the type's scale. Throws ArithmeticException where it has too many digits before
   * the point, or has to be rounded although that is UNNECESSARY.
   */
  public static BigDecimal scaled(BigDecimal value, Type type, RoundingMode mode) {
    if (value.signum() == 0) {
      return BigDecimal.ZERO.setScale(type.scale);
    }
    long whole = (long) value.precision() - value.scale();
    if (whole > type.precision - type.scale) {
      throw new ArithmeticException("Numeric field overflow: " + value + " as " + type);
    }
    // Less than a tenth of the last digit is rounded as a tenth is.
    BigDecimal near =
        whole < -type.scale ? BigDecimal.valueOf(value.signum(), type.scale + 1) : value;
    return near.setScale(type.scale, mode);
  }
}
