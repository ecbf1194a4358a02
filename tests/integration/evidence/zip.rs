//! Zip files as other programs, and people with intentions, write them.

use std::collections::BTreeMap;

use flate2::Crc;
use libdeflater::{CompressionLvl, Compressor};

/// A zip file with whatever is wrong about it.
#[derive(Clone)]
pub(crate) struct Zip {
    files: Vec<File>,
    end: End,
}

#[derive(Clone)]
struct File {
    name: String,
    local_name: String,
    method: u16,
    flags: u16,
    date: u16,
    content: Vec<u8>,
    announced: Option<u32>,
    shared: bool,
}

#[derive(Clone, Default)]
struct End {
    comment: &'static [u8],
    count: Option<u16>,
    zip64: bool,
}

impl Zip {
    /// The canonical container of `files`.
    pub(crate) fn of(files: &BTreeMap<String, Vec<u8>>) -> Self {
        let files = files.iter().map(|(name, content)| File::of(name, content));
        Self {
            files: files.collect(),
            end: End::default(),
        }
    }

    pub(crate) fn stored(self) -> Self {
        self.each(|file| file.method = 0)
    }

    pub(crate) fn dated(self, date: u16) -> Self {
        self.each(|file| file.date = date)
    }

    pub(crate) fn with_flags(self, flags: u16) -> Self {
        self.each(|file| file.flags = flags)
    }

    pub(crate) fn with_descriptors(self) -> Self {
        self.with_flags(1 << 3)
    }

    pub(crate) fn reversed(mut self) -> Self {
        self.files.reverse();
        self
    }

    pub(crate) fn commented(mut self) -> Self {
        self.end.comment = b"a comment";
        self
    }

    pub(crate) fn with_file(mut self, name: &str, content: &[u8]) -> Self {
        self.files.push(File::of(name, content));
        self
    }

    /// Names the first file otherwise in its local header.
    pub(crate) fn with_local_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.files[0].local_name);
        self
    }

    /// Announces another size of `name`, in both headers.
    pub(crate) fn with_announced(self, name: &str, size: u32) -> Self {
        self.each(|file| {
            if file.name == name {
                file.announced = Some(size);
            }
        })
    }

    /// Lists the bytes of the first file under another name too.
    pub(crate) fn overlapping(mut self) -> Self {
        let first = self.files[0].clone();
        self.files.insert(
            1,
            File {
                shared: true,
                ..first
            },
        );
        self.files[1].name = "zzz.txt".to_owned();
        self.files[0].local_name = "zzz.txt".to_owned();
        self
    }

    pub(crate) fn counting(mut self, count: u16) -> Self {
        self.end.count = Some(count);
        self
    }

    pub(crate) fn zip64(mut self) -> Self {
        self.end.zip64 = true;
        self
    }

    fn each(mut self, change: impl Fn(&mut File)) -> Self {
        self.files.iter_mut().for_each(change);
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let (mut out, mut central) = (Vec::new(), Vec::new());
        let mut offset = 0;
        for file in &self.files {
            if !file.shared {
                offset = out.len();
                out.extend_from_slice(b"PK\x03\x04");
                file.header(file.flags & 8 != 0, &file.local_name, &mut out);
                out.extend_from_slice(file.local_name.as_bytes());
                out.extend_from_slice(&file.packed());
                if file.flags & 8 != 0 {
                    out.extend_from_slice(b"PK\x07\x08");
                    out.extend_from_slice(&file.sizes());
                }
            }
            central.extend_from_slice(b"PK\x01\x02\x14\x00");
            file.header(false, &file.name, &mut central);
            central.extend_from_slice(&[0; 10]);
            central.extend_from_slice(&u32::try_from(offset).unwrap().to_le_bytes());
            central.extend_from_slice(file.name.as_bytes());
        }
        self.end.write(self.files.len(), out, &central)
    }
}

impl End {
    fn write(&self, files: usize, mut out: Vec<u8>, central: &[u8]) -> Vec<u8> {
        let start = u32::try_from(out.len()).unwrap();
        out.extend_from_slice(central);
        let count = self.count.unwrap_or_else(|| u16::try_from(files).unwrap());
        let count = if self.zip64 { u16::MAX } else { count };
        out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        out.extend_from_slice(&count.to_le_bytes());
        out.extend_from_slice(&count.to_le_bytes());
        let length = u32::try_from(central.len()).unwrap();
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&start.to_le_bytes());
        let comment = u16::try_from(self.comment.len()).unwrap();
        out.extend_from_slice(&comment.to_le_bytes());
        out.extend_from_slice(self.comment);
        out
    }
}

impl File {
    fn of(name: &str, content: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            local_name: name.to_owned(),
            method: 8,
            flags: 0,
            date: 0x21,
            content: content.to_vec(),
            announced: None,
            shared: false,
        }
    }

    fn packed(&self) -> Vec<u8> {
        if self.method == 0 {
            return self.content.clone();
        }
        // Deflate has no canonical form: the layout is this file's own, the streams are the library's.
        let level = match self.name.as_str() {
            "manifest.json" => CompressionLvl::new(0).unwrap(),
            _ => CompressionLvl::best(),
        };
        let mut compressor = Compressor::new(level);
        let mut bytes = vec![0; compressor.deflate_compress_bound(self.content.len())];
        let length = compressor.deflate_compress(&self.content, &mut bytes);
        bytes.truncate(length.unwrap());
        bytes
    }

    fn sizes(&self) -> [u8; 12] {
        let mut crc = Crc::new();
        crc.update(&self.content);
        let size = u32::try_from(self.content.len()).unwrap();
        let parts = [
            crc.sum(),
            u32::try_from(self.packed().len()).unwrap(),
            self.announced.unwrap_or(size),
        ];
        let mut bytes = [0; 12];
        for (to, part) in bytes.chunks_exact_mut(4).zip(parts) {
            to.copy_from_slice(&part.to_le_bytes());
        }
        bytes
    }

    fn header(&self, sizes_follow: bool, name: &str, out: &mut Vec<u8>) {
        for part in [20, self.flags, self.method, 0, self.date] {
            out.extend_from_slice(&part.to_le_bytes());
        }
        let sizes = if sizes_follow { [0; 12] } else { self.sizes() };
        out.extend_from_slice(&sizes);
        out.extend_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
        out.extend_from_slice(&[0; 2]);
    }
}
