//! One line for each second of a soak, in a file that is gone on with.

use std::fs::{File, OpenOptions};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// What one second was like. Sizes of files are in bytes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Sample {
    /// Seconds of soaking before it, over all stretches.
    pub(crate) second: u64,
    /// How many processes were started before the one that recorded.
    pub(crate) life: u64,
    /// Seconds since that process was started.
    pub(crate) since: u64,
    /// Memory of the process: all that is resident, and what of it is no page of a file.
    pub(crate) resident_kib: u64,
    pub(crate) own_kib: u64,
    pub(crate) database: u64,
    pub(crate) log: u64,
    pub(crate) heads: u64,
    pub(crate) spool: u64,
    /// Contexts acknowledged so far, each with its decision.
    pub(crate) contexts: u64,
    /// Of those in this second: from when they were due to when they were durable.
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
}

/// All samples of a folder.
pub(crate) struct Samples {
    pub(crate) all: Vec<Sample>,
    file: csv::Writer<File>,
}

impl Samples {
    /// Reads those that are there; more are added behind them.
    pub(crate) fn open(path: &Path) -> Result<Self, csv::Error> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let text = std::fs::read_to_string(path)?;
        // A line that was torn off at the end is left out, and written over.
        let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        file.set_len(whole.len() as u64)?;
        let mut reader = csv::Reader::from_reader(whole.as_bytes());
        let file = csv::WriterBuilder::new()
            .has_headers(whole.is_empty())
            .from_writer(file);
        Ok(Self {
            all: reader.deserialize().collect::<Result<_, _>>()?,
            file,
        })
    }

    pub(crate) fn add(&mut self, sample: Sample) -> Result<(), csv::Error> {
        self.file.serialize(sample)?;
        self.file.flush()?;
        self.all.push(sample);
        Ok(())
    }
}
