"""The kernel: clock, sids, errors, parameters, paging, store. It opens no socket and knows no resource of Notify."""
