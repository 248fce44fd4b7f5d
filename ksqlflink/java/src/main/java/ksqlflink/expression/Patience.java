package ksqlflink.expression;

/**
 * How long may be worked on what need not come to an end: a regular expression has a second, and
 * then fails; a thread may be given an end for all that it does.
 */
public final class Patience {
  private static final long MOST = 1_000_000_000;

  /** So many characters are looked at until the clock is. */
  private static final int STEP = 1 << 14;

  private static final ThreadLocal<Long> END = new ThreadLocal<>();

  private Patience() {}

  /** Expressions go through what fails, but not through this. */
  public static final class Over extends Error {
    private static final long serialVersionUID = 1L;
  }

  /** What this thread does throws Over once System.nanoTime() is there; null: it may take long. */
  public static void endAt(Long nanos) {
    END.set(nanos);
  }

  /** Throws Over where the thread's time is over. */
  static void look() {
    Long end = END.get();
    if (end != null && System.nanoTime() - end > 0) {
      throw new Over();
    }
  }

  /** The text for one use of a regular expression. Throws IllegalStateException after a second. */
  static CharSequence limited(String text) {
    return new Limited(text, new Clock());
  }

  private static final class Clock {
    private final long begun = System.nanoTime();
    private int steps;

    void step() {
      if (++steps % STEP == 0) {
        look();
        if (System.nanoTime() - begun > MOST) {
          throw new IllegalStateException("the regular expression takes too long");
        }
      }
    }
  }

  private record Limited(String text, Clock clock) implements CharSequence {
    @Override
    public char charAt(int index) {
      clock.step();
      return text.charAt(index);
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.substring(start, end);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
