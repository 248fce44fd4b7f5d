package ksqlflink.runtime;

import java.nio.charset.StandardCharsets;
import org.apache.flink.table.api.dataview.MapView;

/** The state of one task: bytes by name, in Flink's keyed state. */
final class Store {
  private final Store around;
  private final String prefix;
  private MapView<String, byte[]> view;

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

  private MapView<String, byte[]> view() {
    return around == null ? view : around.view();
  }

  /** Flink hands the view in with each record. */
  void use(MapView<String, byte[]> current) {
    this.view = current;
  }

  byte[] get(String name) {
    try {
      return view().get(prefix + name);
    } catch (Exception error) {
      throw new IllegalStateException("cannot read state", error);
    }
  }

  void put(String name, byte[] value) {
    try {
      view().put(prefix + name, value);
    } catch (Exception error) {
      throw new IllegalStateException("cannot write state", error);
    }
  }

  void remove(String name) {
    try {
      view().remove(prefix + name);
    } catch (Exception error) {
      throw new IllegalStateException("cannot write state", error);
    }
  }

  /** Bytes as a part of a name: one character a byte. */
  static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
