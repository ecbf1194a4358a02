#![no_main]

#[path = "../readers/ground.rs"]
mod ground;
#[path = "../readers/artifact.rs"]
mod reader;

libfuzzer_sys::fuzz_target!(|data: &[u8]| reader::run(data));
