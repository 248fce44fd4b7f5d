package ksqlflink.flink;

import ksqlflink.state.Backing;
import org.apache.flink.table.api.dataview.MapView;

/** Keeps a store's bytes in Flink's keyed state. */
record ViewBacking(MapView<String, byte[]> view) implements Backing {
  @Override
  public byte[] get(String name) throws Exception {
    return view.get(name);
  }

  @Override
  public void put(String name, byte[] value) throws Exception {
    view.put(name, value);
  }

  @Override
  public void remove(String name) throws Exception {
    view.remove(name);
  }
}
