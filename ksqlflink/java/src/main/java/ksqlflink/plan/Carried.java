package ksqlflink.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import ksqlflink.codec.RowCodec;
import ksqlflink.type.Type;

/** What of an input's row travels to the operator: the columns that it refers to. */
public final class Carried {
  private final int[] slots;
  private final RowCodec codec;

  public Carried(Input input, Set<String> names) {
    List<Integer> chosen = new ArrayList<>();
    List<Type> types = new ArrayList<>();
    input
        .slots(0)
        .forEach(
            (name, slot) -> {
              if (names.contains(name)) {
                chosen.add(slot);
                types.add(input.column(slot).type());
              }
            });
    this.slots = chosen.stream().mapToInt(Integer::intValue).toArray();
    this.codec = new RowCodec(types);
  }

  public byte[] encode(Object[] row) {
    Object[] values = new Object[slots.length];
    for (int i = 0; i < slots.length; i++) {
      values[i] = row[slots[i]];
    }
    return codec.encode(values);
  }

  /** Puts the columns back into a row, where this input's columns begin at `first`. */
  public void decode(byte[] bytes, Object[] row, int first) {
    Object[] values = codec.decode(bytes);
    for (int i = 0; i < slots.length; i++) {
      row[first + slots[i]] = values[i];
    }
  }
}
