package ksqlflink.operator;

import ksqlflink.plan.KafkaRecord;
import ksqlflink.type.Undecodable;

/** Is told of the records that a query skips. */
public interface Skips {
  void note(KafkaRecord record, Undecodable reason);
}
