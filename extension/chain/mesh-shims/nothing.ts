// Stands in for modules of Node that Mesh imports and that building a transaction never calls.
export default {};
