# The verbs of this repository. What each does stands in deploy/dev/, one script per verb.
.DEFAULT_GOAL := help
.PHONY: help run demo test check pages bench chaos authz fuzz interop tour fmt schema api sbom release reproduce seed-day clean-data

help: ## 列出所有命令 · this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

run: ## 构建并启动全部，Ctrl-C 停止 · build and start everything; Ctrl-C stops it
	@deploy/dev/run.sh

demo: ## 同上，并载入三十天的示例数据 · the same, with thirty days of sample data
	@deploy/dev/demo.sh

test: ## 全部检查与测试 · every check and test
	@deploy/dev/test.sh

check: ## 快速检查：格式、lint、类型 · the quick checks: format, lints, types
	@deploy/dev/test.sh quick

pages: ## 每个页面的每种状态，中英文：ONLY=h5-trips 选一页 · every page in every state, both languages; ONLY= picks
	@deploy/dev/pages.sh

bench: ## 测速，结果为表格：ONLY=S1 选一项 · measure speed, print a table; ONLY= picks
	@deploy/dev/measure.sh bench

chaos: ## 破坏性实验：ONLY=R7 选一项 · experiments with failures and attacks; ONLY= picks
	@deploy/dev/measure.sh chaos

authz: ## 权限实验：谁能看到什么，ONLY=Z1 选一项 · experiments with who may see what; ONLY= picks
	@deploy/dev/measure.sh authz

fuzz: ## 模糊测试回调解析：RUNS=1000000 · fuzz the reading of callbacks; RUNS= executions a target
	@deploy/dev/fuzz.sh

interop: ## 与 wechatpy、@wecom/crypto 互通 · other people's WeCom libraries against ours
	@deploy/dev/interop.sh

tour: ## 企业微信模拟器逐页截图到 target/tour · pictures of the WeCom simulator, page by page
	@deploy/dev/tour.sh

fmt: ## 格式化 Rust 代码 · format the Rust code
	@cargo fmt --all

schema: ## 由迁移重新生成 schema.rs · write schema.rs anew from the migrations
	@deploy/dev/schema.sh

api: ## 重新生成 OpenAPI 文档与前端类型 · write the OpenAPI document and the pages' types anew
	@deploy/dev/api.sh

sbom: ## 软件物料清单（CycloneDX）写到 target/sbom · write the bill of materials (CycloneDX)
	@deploy/dev/sbom.sh

release: ## 可复现的发布版与 SHA-256 · a reproducible build, and its SHA-256
	@deploy/dev/release.sh

reproduce: ## 同一提交构建两次，比较字节（约二十分钟） · build the release twice and compare the bytes
	@deploy/dev/reproduce.sh

seed-day: ## 载入某天的示例日报：DAY=2020-03-04 · load sample reports of a day
	@deploy/dev/seed-day.sh $(DAY)

clean-data: ## 清除 make run 的数据 · forget what make run stored
	@deploy/dev/clean-data.sh
