//! kship's readers against recorded readings of the tools that it must agree with.

mod shared;
mod yaml;
