package ksqlflink.state;

import java.util.Map;
import java.util.function.LongConsumer;

/** Keeps a store's bytes in a map; `grown` is told by how many bytes that becomes more or less. */
public final class MapBacking implements Backing {
  /**
   * What an entry takes besides its content: two objects of a map, the heads of its name and of its
   * bytes.
   */
  private static final int ENTRY = 112;

  private final Map<String, byte[]> map;
  private final LongConsumer grown;

  public MapBacking(Map<String, byte[]> map, LongConsumer grown) {
    this.map = map;
    this.grown = grown;
  }

  @Override
  public byte[] get(String name) {
    return map.get(name);
  }

  @Override
  public void put(String name, byte[] value) {
    byte[] before = map.put(name, value);
    grown.accept(before == null ? size(name, value) : value.length - before.length);
  }

  @Override
  public void remove(String name) {
    byte[] before = map.remove(name);
    if (before != null) {
      grown.accept(-size(name, before));
    }
  }

  private static int size(String name, byte[] value) {
    return ENTRY + name.length() + value.length;
  }
}
