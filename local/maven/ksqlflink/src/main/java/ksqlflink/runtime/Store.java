package ksqlflink.runtime;

import java.nio.charset.StandardCharsets;
import org.apache.flink.table.api.dataview.MapView;

/** The state of one task: bytes by name, in Flink's keyed state. */
final class Store {
  private MapView<String, byte[]> view;

  /** Flink hands the view in with each record. */
  void use(MapView<String, byte[]> current) {
    this.view = current;
  }

  byte[] get(String name) {
    try {
      return view.get(name);
    } catch (Exception error) {
      throw new IllegalStateException("cannot read state", error);
    }
  }

  void put(String name, byte[] value) {
    try {
      view.put(name, value);
    } catch (Exception error) {
      throw new IllegalStateException("cannot write state", error);
    }
  }

  void remove(String name) {
    try {
      view.remove(name);
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
