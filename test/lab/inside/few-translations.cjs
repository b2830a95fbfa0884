// Loaded before Node's own start in a guest (NODE_OPTIONS=--require): machine code that V8 makes and throws away must be
// translated by QEMU each time. Without its optimising compilers the suite takes about a tenth less.
const { setFlagsFromString } = require("node:v8");

for (const flag of ["--no-opt", "--no-sparkplug", "--max-lazy"]) setFlagsFromString(flag);
