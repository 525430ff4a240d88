"""What `mechanist check` finds out about a system before a run."""
