"""The ledger: facts about money become entries, each once; `verifying` compares it with everything else that knows."""
