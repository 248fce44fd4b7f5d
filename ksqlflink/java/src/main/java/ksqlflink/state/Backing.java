package ksqlflink.state;

/** Where a store keeps its bytes: whoever runs the operators brings one. */
public interface Backing {
  byte[] get(String name) throws Exception;

  void put(String name, byte[] value) throws Exception;

  void remove(String name) throws Exception;
}
