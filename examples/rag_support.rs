//! Answers a question over a folder of text files:
//! `cargo run --example rag_support [FOLDER] [QUESTION]`.
//!
//! The search and the answer are simple; the record of what it rests on is in `rag_support.db`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use contextrail::assembly::Budget;
use contextrail::capture::{
    AssembledContext, BoxError, Document, RetrievalRequest, Retriever, Template,
};
use contextrail::codec::{Layout, write_json};
use contextrail::record::{
    Digest, IndexUse, Name, Overflow, RetrieverClass, Role, Timestamp, Version,
};
use contextrail::trail::{Answer, Trail};

static SUPPORT_PROMPT: Template = Template::new(
    "support_prompt",
    "1.0.0",
    "Answer from the extracts below alone. Name the extract. If they do not say, say so.",
);

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| POLICIES.to_owned());
    let question = arguments.next().unwrap_or_else(|| QUESTION.to_owned());
    let index = Folder::read(Path::new(&folder))?;
    let trail = Trail::open("sqlite://rag_support.db").await?;
    let answered = answer(&trail, &index, &question).await;
    trail.close().await;
    answered
}

async fn answer(trail: &Trail, index: &Folder, question: &str) -> Result<(), BoxError> {
    let mut cx = trail
        .context("support_answer")
        .entity("ticket", TICKET)
        .input("question", question)
        .budget(Budget::tokens(500).reserve_output(100))
        .template(&SUPPORT_PROMPT)
        .begin();
    let found = cx.retrieve("folder", question).top_k(6).run(index).await?;
    cx.template_item().role(Role::System).required();
    cx.items("extracts", &found)
        .overflow(Overflow::KeepHead)
        .min_tokens(30)
        .marker(" […]");
    cx.item("question", question).required();
    let context = cx.assemble().await?;
    // The answer may rest on what was sent and on nothing else that was found.
    let sent = context.messages().pop().map_or("", |(_, text)| text);
    let best = sentence(sent.trim_end_matches(question), question);
    let text = best.unwrap_or("The files do not say.");
    let decision = trail
        .decide("ticket", TICKET)
        .outcome(best.map_or("handed_over", |_| "answered"))
        .from_context(&context)
        .generation(Answer::new("best_sentence", text))
        .commit()
        .await?;
    let receipt = write_json(context.receipt(), Layout::Compact)?;
    println!("{question}\n\n  {text}\n");
    print_use(&context);
    println!("\ncontext   {}", context.id());
    println!("decision  {} on ticket:{TICKET}", decision.id());
    println!("receipt   {receipt}");
    Ok(())
}

/// What of the items is in the text, and what is not.
fn print_use(context: &AssembledContext) {
    let assembly = context.assembly();
    println!(
        "{} of {} tokens:",
        assembly.budget.used, assembly.budget.available
    );
    for item in &assembly.items {
        let name = item.reference.as_ref().map_or("", Name::as_str);
        let (used, of, verdict) = (item.used_tokens, item.tokens, format!("{:?}", item.verdict));
        println!("  {verdict:<9}  {used:>4} of {of:>5}  {name}");
    }
}

/// The text files of a folder, paragraph by paragraph.
struct Folder {
    index: IndexUse,
    paragraphs: Vec<Paragraph>,
}

struct Paragraph {
    document: Document,
    words: HashSet<String>,
}

impl Paragraph {
    /// How many of the words asked for are in it.
    fn score(&self, query: &HashSet<String>) -> f64 {
        let found = query.intersection(&self.words).count();
        u32::try_from(found).map_or(0.0, f64::from)
    }
}

impl Folder {
    /// Reads every file of `folder` that is UTF-8 text; other files and subfolders are left out.
    fn read(folder: &Path) -> Result<Self, BoxError> {
        let listed =
            fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut files = listed
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<Vec<_>>>()?;
        files.sort();
        let mut all = String::new();
        let mut paragraphs = Vec::new();
        for file in files.iter().filter(|file| file.is_file()) {
            let Ok(text) = String::from_utf8(fs::read(file)?) else {
                continue;
            };
            paragraphs.extend(cut(file, &text)?);
            all.push_str(&text);
        }
        let name = Name::new(folder.display().to_string())?;
        let version = Some(Version::new(Digest::sha256(all.as_bytes()).to_string())?);
        let index = IndexUse { name, version };
        Ok(Self { index, paragraphs })
    }
}

#[async_trait]
impl Retriever for Folder {
    fn class(&self) -> RetrieverClass {
        RetrieverClass::Shared
    }

    fn index(&self) -> Option<IndexUse> {
        Some(self.index.clone())
    }

    async fn retrieve(&self, request: &RetrievalRequest) -> Result<Vec<Document>, BoxError> {
        let query = words(&request.query);
        let paragraphs = self.paragraphs.iter();
        let mut scored: Vec<(f64, &Paragraph)> = paragraphs
            .map(|paragraph| (paragraph.score(&query), paragraph))
            .filter(|(score, _)| *score > 0.0)
            .collect();
        scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        scored.truncate(usize::try_from(request.top_k.unwrap_or(u64::MAX))?);
        let found = scored
            .iter()
            .map(|(score, it)| it.document.clone().score(*score));
        Ok(found.collect())
    }
}

fn cut(file: &Path, text: &str) -> Result<Vec<Paragraph>, BoxError> {
    let id = file.file_name().unwrap_or_default().to_string_lossy();
    let version = Digest::sha256(text.as_bytes());
    let changed = fs::metadata(file)?.modified()?.duration_since(UNIX_EPOCH)?;
    let changed = Timestamp::from_micros(i64::try_from(changed.as_micros())?)?;
    let paragraphs = text
        .split("\n\n")
        .map(str::trim)
        .filter(|it| !it.is_empty());
    let numbered = (1..).zip(paragraphs).map(|(number, text)| Paragraph {
        document: Document::new(&id, text)
            .chunk(format!("p{number}"))
            .version(version)
            .as_of(changed),
        words: words(text),
    });
    Ok(numbered.collect())
}

/// The sentence of `text` with most of the words of `question`; `None` without any.
fn sentence<'t>(text: &'t str, question: &str) -> Option<&'t str> {
    let asked = words(question);
    let fit = |sentence: &str| words(sentence).intersection(&asked).count();
    let sentences = text.split_inclusive(['.', '?', '!']).map(str::trim);
    sentences.max_by_key(|it| fit(it)).filter(|it| fit(it) > 0)
}

fn words(text: &str) -> HashSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() > 3)
        .map(str::to_lowercase)
        .collect()
}

const POLICIES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/examples/loan_decision/policies"
);
const QUESTION: &str = "May an underwriter override the scorecard?";
const TICKET: &str = "1001";
