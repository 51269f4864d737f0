"""A site agent as a node of its member cluster: for the test bench. On a real fleet kubelets run the Pods."""
