//! Contextrail from outside, as applications use it.

mod codec;
