package ksqlflink.state;

import java.util.HashMap;
import java.util.Map;

/** Keeps a store's bytes in memory. */
public record MapBacking(Map<String, byte[]> map) implements Backing {
  public MapBacking() {
    this(new HashMap<>());
  }

  @Override
  public byte[] get(String name) {
    return map.get(name);
  }

  @Override
  public void put(String name, byte[] value) {
    map.put(name, value);
  }

  @Override
  public void remove(String name) {
    map.remove(name);
  }
}
