package ksqlflink.state;

import java.nio.charset.StandardCharsets;

/** The state of one task: bytes by name. */
public final class Store {
  private final Store around;
  private final String prefix;
  private Backing backing;

  Store() {
    this(null, "");
  }

  private Store(Store around, String prefix) {
    this.around = around;
    this.prefix = prefix;
  }

  /** A part of this store with names of its own. */
  Store part(String name) {
    return new Store(this, prefix + name + "|");
  }

  private Backing backing() {
    return around == null ? backing : around.backing();
  }

  /** Flink hands in another one with each record. */
  public void use(Backing current) {
    this.backing = current;
  }

  public byte[] get(String name) {
    try {
      return backing().get(prefix + name);
    } catch (Exception error) {
      throw new IllegalStateException("cannot read state", error);
    }
  }

  public void put(String name, byte[] value) {
    try {
      backing().put(prefix + name, value);
    } catch (Exception error) {
      throw new IllegalStateException("cannot write state", error);
    }
  }

  public void remove(String name) {
    try {
      backing().remove(prefix + name);
    } catch (Exception error) {
      throw new IllegalStateException("cannot write state", error);
    }
  }

  /** Bytes as a part of a name: one character a byte. */
  public static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  public static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
