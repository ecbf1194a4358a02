mod bytes;
mod record;
mod refusal;
mod round_trip;
