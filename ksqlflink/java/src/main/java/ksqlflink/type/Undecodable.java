package ksqlflink.type;

/** A record that ksqlDB would skip: its key or value cannot be read as what was declared. */
public final class Undecodable extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public Undecodable(String message) {
    super(message, null, false, false);
  }
}
