package ksqlflink.type;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Numbers as DECIMAL(4, 2). */
@Timeout(value = 10, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class DecimalsTest {
  private static final Type MONEY = Type.decimal(4, 2);

  private static String rounded(String text) {
    return Decimals.scaled(new BigDecimal(text), MONEY, RoundingMode.HALF_UP).toString();
  }

  private static String exact(String text) {
    return Decimals.scaled(new BigDecimal(text), MONEY, RoundingMode.UNNECESSARY).toString();
  }

  @Test
  void numbersAreRoundedToTheScale() {
    assertEquals("12.35", rounded("12.345"));
    assertEquals("-0.01", rounded("-0.005"));
    assertEquals("0.00", rounded("0.00499"));
    assertEquals("100.00", rounded("99.999"));
    assertThrows(ArithmeticException.class, () -> rounded("-100"));
  }

  @Test
  void zerosMayBeLostAndDigitsMayNot() {
    assertEquals("12.50", exact("12.5000"));
    assertEquals("10.00", exact("1e1"));
    assertThrows(ArithmeticException.class, () -> exact("12.345"));
    assertThrows(ArithmeticException.class, () -> exact("100"));
  }

  @Test
  void aFewLettersAreNoWork() {
    var refused = assertThrows(ArithmeticException.class, () -> rounded("1e1000000000"));
    assertEquals("Numeric field overflow: 1E+1000000000 as DECIMAL(4, 2)", refused.getMessage());
    assertThrows(ArithmeticException.class, () -> exact("-1e1000000000"));
    assertEquals("0.00", rounded("1e-1000000000"));
    assertEquals("0.00", exact("0e-1000000000"));
    assertThrows(ArithmeticException.class, () -> exact("1e-1000000000"));
  }
}
