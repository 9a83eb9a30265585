package draft

// For tests, which need not wait.
var RemoveLeftovers = removeLeftovers

const PartialTime = partialTime
