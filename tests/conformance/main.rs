//! Placeholder until the first test of this kind lands.
fn main() {}
