//! What the fuzz targets do with their bytes. The suite goes through the same functions, with what is in
//! `corpus` and with bytes made of that.

mod artifact;
mod body;
mod bundle;
mod bundle_file;
mod ground;
mod http;
mod import;
mod note;
mod proof;
mod record_json;
mod record_yaml;
mod request;
mod served;
mod settings;
mod spool;
mod tile;
mod timestamp;
mod token;
mod words;

/// A reader, which panics where something is wrong.
type Reader = fn(&[u8]);

/// Every target by its name.
pub(super) const ALL: [(&str, Reader); 17] = [
    ("artifact", artifact::run),
    ("body", body::run),
    ("bundle", bundle::run),
    ("bundle_file", bundle_file::run),
    ("http", http::run),
    ("import", import::run),
    ("note", note::run),
    ("proof", proof::run),
    ("record_json", record_json::run),
    ("record_yaml", record_yaml::run),
    ("request", request::run),
    ("settings", settings::run),
    ("spool", spool::run),
    ("tile", tile::run),
    ("timestamp", timestamp::run),
    ("token", token::run),
    ("words", words::run),
];
