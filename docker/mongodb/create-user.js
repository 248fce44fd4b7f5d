// Run once by the image, on an empty volume. The pipeline's user may read and write its database, nothing else.
const user = { user: "macd", pwd: process.env.MACD_MONGODB_PASSWORD, roles: [{ role: "readWrite", db: "macd" }] };
db.getSiblingDB("admin").createUser(user);
