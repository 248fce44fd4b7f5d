-- What the tests beside this file run: all of include/ksql, in its order.
RUN SCRIPT '../../../include/ksql/01_macd_orders_stream.sql';
RUN SCRIPT '../../../include/ksql/02_macd_payments_stream.sql';
RUN SCRIPT '../../../include/ksql/03_macd_orders_payments_joined.sql';
RUN SCRIPT '../../../include/ksql/04_macd_payment_mismatches.sql';
RUN SCRIPT '../../../include/ksql/05_macd_paid_orders.sql';
RUN SCRIPT '../../../include/ksql/06_macd_paid_orders_stream.sql';
RUN SCRIPT '../../../include/ksql/07_macd_hourly_revenue.sql';
