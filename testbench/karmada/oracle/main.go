// Oracle: what Karmada's stock scheduler would decide, and how long its algorithm takes, without an API server.
//
// It reads cases as JSON lines {"clusters": [Cluster...] or absent (those of the case before), "spec": ResourceBindingSpec,
// "status": ResourceBindingStatus} and answers each with {"clusters": {name: replicas}, "failure": reason, "affinity": name,
// "error": text, "ns": span}. The path is the stock one: its generic scheduler, cache and default plugins, the general
// estimator, and affinity terms in order as in pkg/scheduler/scheduler.go.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	clusterv1alpha1 "github.com/karmada-io/karmada/pkg/apis/cluster/v1alpha1"
	workv1alpha2 "github.com/karmada-io/karmada/pkg/apis/work/v1alpha2"
	clusterlister "github.com/karmada-io/karmada/pkg/generated/listers/cluster/v1alpha1"
	schedulercache "github.com/karmada-io/karmada/pkg/scheduler/cache"
	"github.com/karmada-io/karmada/pkg/scheduler/core"
	"github.com/karmada-io/karmada/pkg/scheduler/framework"
	"github.com/karmada-io/karmada/pkg/scheduler/framework/plugins"
	"k8s.io/client-go/tools/cache"
)

type question struct {
	Clusters []clusterv1alpha1.Cluster          `json:"clusters"`
	Spec     workv1alpha2.ResourceBindingSpec   `json:"spec"`
	Status   workv1alpha2.ResourceBindingStatus `json:"status"`
}

type answer struct {
	Clusters map[string]int32 `json:"clusters"`
	Failure  string           `json:"failure"`
	Affinity string           `json:"affinity"`
	Error    string           `json:"error"`
	Ns       int64            `json:"ns"`
}

func algorithmOver(clusters []clusterv1alpha1.Cluster) (core.ScheduleAlgorithm, error) {
	indexer := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{})
	for i := range clusters {
		if err := indexer.Add(&clusters[i]); err != nil {
			return nil, err
		}
	}
	bindings := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{})
	known := schedulercache.NewCache(clusterlister.NewClusterLister(indexer), bindings, 0)
	return core.NewGenericScheduler(known, plugins.NewInTreeRegistry())
}

func failureOf(err error) string {
	var few *framework.UnschedulableError
	var unfit *framework.FitError
	switch {
	case errors.As(err, &few):
		return "Unschedulable"
	case errors.As(err, &unfit):
		return "NoClusterFit"
	}
	return "SchedulerError"
}

func ask(algorithm core.ScheduleAlgorithm, asked *question) answer {
	option := &core.ScheduleAlgorithmOption{}
	terms := asked.Spec.Placement.ClusterAffinities
	start := 0
	for i, term := range terms {
		if term.AffinityName == asked.Status.SchedulerObservedAffinityName {
			start = i
			break
		}
	}
	before := asked.Status.SchedulerObservedAffinityName
	began := time.Now()
	var result core.ScheduleResult
	var first error
	for tried := start; ; tried++ {
		if len(terms) > 0 {
			asked.Status.SchedulerObservedAffinityName = terms[tried].AffinityName
		}
		var err error
		result, err = algorithm.Schedule(context.Background(), &asked.Spec, &asked.Status, option)
		if err == nil {
			first = nil
			break
		}
		if first == nil {
			first = err
		}
		if tried+1 >= len(terms) {
			asked.Status.SchedulerObservedAffinityName = before
			break
		}
	}
	answered := answer{Ns: time.Since(began).Nanoseconds(), Affinity: asked.Status.SchedulerObservedAffinityName}
	if first != nil {
		answered.Failure, answered.Error = failureOf(first), first.Error()
		return answered
	}
	answered.Clusters = map[string]int32{}
	for _, each := range result.SuggestedClusters {
		answered.Clusters[each.Name] = each.Replicas
	}
	return answered
}

func run() error {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	var algorithm core.ScheduleAlgorithm
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) == 0 {
			return nil
		}
		var asked question
		if err := json.Unmarshal(line, &asked); err != nil {
			return err
		}
		if asked.Clusters != nil || algorithm == nil {
			if algorithm, err = algorithmOver(asked.Clusters); err != nil {
				return err
			}
		}
		if err := out.Encode(ask(algorithm, &asked)); err != nil {
			return err
		}
	}
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
