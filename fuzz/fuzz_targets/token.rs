#![no_main]

#[path = "../readers/ground.rs"]
mod ground;
#[path = "../readers/token.rs"]
mod reader;
#[path = "../readers/served.rs"]
mod served;

libfuzzer_sys::fuzz_target!(|data: &[u8]| reader::run(data));
