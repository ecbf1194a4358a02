//! The readable files of a bundle: the summary, the records, their relations, how to check it.

mod escaping;
mod graph;
mod loan;
mod pages;
mod redaction;
mod sample;
mod stranger;
mod words;
