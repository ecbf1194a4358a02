//! Every way a tool call can go.

use std::future::ready;
use std::time::Duration;

use contextrail::capture::CaptureError;
use contextrail::record::{Completeness, ItemKind, Role, ToolStatus};
use serde_json::json;

use super::sink::KeptDrafts;
use super::{loan, only};

#[tokio::test]
async fn a_tool_call_is_recorded_with_arguments_and_output() {
    let sink = KeptDrafts::open();
    let mut cx = loan(&sink).begin();
    let rate = cx
        .tool("rates")
        .version("2")
        .call_id("call_1")
        .arguments(json!({"years": 5}))
        .side_effect()
        .run(|| ready(Ok::<_, std::io::Error>(3.5)))
        .await
        .unwrap();
    cx.tool_item("rates", format!("{rate} %")).required();
    cx.assemble().await.unwrap();
    let context = only(&sink);
    let call = &context.tools[0];
    assert_eq!(call.arguments, Some(json!({"years": 5})));
    assert_eq!(call.output, Some(json!(3.5)));
    assert!(call.side_effect && call.started_at.is_some() && call.latency_us.is_some());
    let item = &context.assembly.as_ref().unwrap().items[0];
    assert_eq!((item.kind, item.role), (ItemKind::Tool, Role::Tool));
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_fails_or_does_not_answer_is_recorded() {
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    let failed = cx.tool("pay").run(|| ready(Err::<u8, _>("no money"))).await;
    assert!(matches!(failed, Err(CaptureError::Failed { .. })));
    let slow = cx
        .tool("wait")
        .timeout(Duration::from_millis(3))
        .run(std::future::pending::<Result<u8, std::io::Error>>)
        .await;
    assert!(matches!(slow, Err(CaptureError::Timeout { .. })));
    cx.assemble().await.unwrap();
    let tools = only(&sink).tools;
    assert!(tools.iter().all(|call| call.status == ToolStatus::Failed));
    assert_eq!(tools[1].error.as_ref().unwrap().code.as_str(), "timeout");
}

#[tokio::test]
async fn an_output_that_is_not_json_makes_the_section_partial() {
    let sink = KeptDrafts::open();
    let cx = loan(&sink).begin();
    let odd = std::collections::BTreeMap::from([((1, 2), 3)]);
    cx.tool("pairs")
        .run(|| ready(Ok::<_, std::io::Error>(odd)))
        .await
        .unwrap();
    cx.assemble().await.unwrap();
    let context = only(&sink);
    assert_eq!(context.capture.sections.tools, Completeness::Partial);
    assert!(context.capture.warnings[0].contains("not JSON"));
}
